// What htmx or exports.js could not load is said in a red toast with Try again; the page keeps its old content. A
// refusal says why.
// A 401 carries HX-Redirect, which htmx follows before these events.
const words = document.getElementById("toasts")?.dataset ?? {};

function say(text, event, canRetry = true) {
  const source = event.detail.elt;
  const retry = canRetry && source?.isConnected ? () => repeat(source) : null;
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, tone: "bad", retry } }));
}

function repeat(source) {
  if (source.matches("form")) source.requestSubmit();
  else source.click();
}

// A refusal is a page of its own, and the same again would not help: often somebody has lost a right since the page was
// opened.
function readRefusal({ status, responseText }) {
  if (![403, 404, 409, 410, 429].includes(status)) return "";
  const page = new DOMParser().parseFromString(responseText, "text/html");
  const reason = page.querySelector("main .empty p")?.textContent ?? "";
  return reason.replace(/[ \n]+/g, " ").trim(); // other spaces belong to the language
}

document.addEventListener("htmx:responseError", (event) => {
  const refusal = readRefusal(event.detail.xhr);
  say(refusal || words.failed, event, !refusal);
});
document.addEventListener("htmx:sendError", (event) => say(words.offline, event));
document.addEventListener("htmx:timeout", (event) => say(words.offline, event));

// Loading: loading.css fades what is marked busy.
document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.target?.removeAttribute("aria-busy");
});
