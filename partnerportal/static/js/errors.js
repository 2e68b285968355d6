// What htmx could not load is said in a red toast with Try again; the page keeps its old content.
// A 401 carries HX-Redirect, which htmx follows before these events.
const words = document.getElementById("toasts")?.dataset ?? {};

function say(text, event) {
  const source = event.detail.elt;
  const retry = source?.isConnected ? () => repeat(source) : null;
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone: "bad", retry } }));
}

function repeat(source) {
  if (source.matches("form")) source.requestSubmit();
  else source.click();
}

document.addEventListener("htmx:responseError", (event) => say(words.failed, event));
document.addEventListener("htmx:sendError", (event) => say(words.offline, event));
document.addEventListener("htmx:timeout", (event) => say(words.offline, event));

// Loading: loading.css fades what is marked busy.
document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.target?.removeAttribute("aria-busy");
});
