// The subscribe form: the browser's zone goes along, and a quick person waits a moment, since
// whoever sends it within two seconds is asked to press once more.
for (const form of document.querySelectorAll("form.subscribe")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, clock = form.querySelector("#clock");
  const button = form.querySelector("button");
  if (zone) {
    form.elements.zone.value = zone;
    clock.textContent = clock.dataset.there + zone + ".";
  }
  form.addEventListener("submit", (event) => {
    const early = 2200 - performance.now();
    if (early <= 0) return;
    event.preventDefault();
    button.disabled = true;
    setTimeout(() => form.submit(), early);
  });
  // Who comes back to a page that the browser kept finds it as it was left.
  addEventListener("pageshow", () => { button.disabled = false; });
}
