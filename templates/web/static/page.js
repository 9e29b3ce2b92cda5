// The subscribe form: the browser's zone goes along, and a quick person waits a moment, since
// whatever is sent within two seconds is taken for a program's.
for (const form of document.querySelectorAll("form.subscribe")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone, clock = form.querySelector("#clock");
  if (zone) {
    form.elements.zone.value = zone;
    clock.textContent = clock.dataset.there + zone + ".";
  }
  form.addEventListener("submit", (event) => {
    const early = 2200 - performance.now();
    if (early <= 0) return;
    event.preventDefault();
    form.querySelector("button").disabled = true;
    setTimeout(() => form.submit(), early);
  });
}
