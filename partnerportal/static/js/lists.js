// A list's rows open as a whole, and the way back to a list leads to what it showed.

// Tables with data-open-rows: the name stays the link, for the keyboard and for those without script.
const CONTROLS = "a, button, input, select, label, summary, [popover], .cell-select, .cell-menu";

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.target.closest(CONTROLS)) return;
  const link = event.target.closest("[data-open-rows] tbody tr")?.querySelector(".cell-name a");
  if (!link || String(getSelection())) return; // somebody is copying
  if (event.metaKey || event.ctrlKey || event.shiftKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});

// A list keeps its last address for this tab of the browser and this organisation; a step of the breadcrumb that leads
// to the list takes it. Where the sidebar is missing somebody may just have signed out: the next one starts from nothing.
const PREFIX = "list ";
const organization = document.getElementById("sidebar")?.dataset.organization;
const key = (path) => `${PREFIX}${organization} ${path}`;

function keep() {
  if (!document.querySelector("[data-keeps-address]")) return;
  sessionStorage.setItem(key(location.pathname), location.pathname + location.search);
}

function lead() {
  for (const step of document.querySelectorAll("[data-list-step] > a")) {
    const address = sessionStorage.getItem(key(new URL(step.href).pathname));
    if (address) step.href = address;
  }
}

function forget() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

if (organization) {
  keep();
  lead();
  document.addEventListener("htmx:afterSettle", keep);
} else {
  forget();
}
