// A list's rows open as a whole, and the way back to a list leads to what it showed.

// Tables with data-open-rows: the name stays the link, for the keyboard and for those without script.
const CONTROLS = "a, button, input, select, label, summary, [popover]";

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.target.closest(CONTROLS)) return;
  const link = event.target.closest("[data-open-rows] tbody tr")?.querySelector(".cell-name a");
  if (!link || String(getSelection())) return; // somebody is copying
  if (event.metaKey || event.ctrlKey || event.shiftKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});

// A list keeps its last address for this tab of the browser; a step of the breadcrumb that leads to the list takes it.
const key = (path) => `list ${path}`;

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

// Outside the frame of the portal nobody is signed in: the next person starts from nothing.
if (!document.getElementById("sidebar")) sessionStorage.clear();
keep();
lead();
document.addEventListener("htmx:afterSettle", keep);
