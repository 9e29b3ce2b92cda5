// The subscribe form: the browser's zone goes along, and a quick person waits a moment, since
// whoever sends it within two seconds of its making is asked to press once more.
const shown = performance.now();  // later than it was made, however slow the way here was
for (const form of document.querySelectorAll("form.subscribe")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, clock = form.querySelector("#clock");
  const button = form.querySelector("button");
  if (zone) {
    form.elements.zone.value = zone;
    clock.textContent = clock.dataset.there + zone + ".";
  }
  form.addEventListener("submit", (event) => {
    const early = shown + 2200 - performance.now();
    if (early <= 0) return;
    event.preventDefault();
    button.disabled = true;
    setTimeout(() => form.submit(), early);
  });
  // Who comes back to a page that the browser kept finds it as it was left.
  addEventListener("pageshow", () => { button.disabled = false; });
}
