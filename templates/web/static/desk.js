// The desk: what is under way is told as it happens; the page works without this.
for (const shown of document.querySelectorAll("[data-events]")) {
  if (!window.EventSource) break;
  const told = new EventSource(shown.dataset.events);
  told.addEventListener("part", (event) => { shown.innerHTML = JSON.parse(event.data); });
  told.addEventListener("end", () => { told.close(); location.reload(); });
}
// A button that was pressed is not pressed again while its answer is on the way; a download leaves
// the page where it is.
for (const form of document.querySelectorAll("form[method=post]:not([data-stays])")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
