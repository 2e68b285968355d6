// A list's rows open as a whole, and the way back to a list leads to what it showed.

// Tables and lists with data-open-rows: the name stays the link, for the keyboard and for those without script. In the
// inbox it is a button, because opening marks as read.
const CONTROLS = "a, button, input, select, label, summary, [popover], .cell-select, .cell-menu, .cell-week";

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.target.closest(CONTROLS)) return;
  const row = event.target.closest("[data-open-rows] tbody tr, [data-open-rows] > li");
  const link = row?.querySelector(".cell-name a, .notice-open");
  if (!link || String(getSelection())) return; // somebody is copying
  if (link.href && (event.metaKey || event.ctrlKey || event.shiftKey)) window.open(link.href, "_blank", "noopener");
  else link.click();
});

// A list keeps its last URL for this tab of the browser and this organisation; a step of the breadcrumb that leads
// to the list takes it. Where the sidebar is missing somebody may just have signed out: the next one starts from nothing.
const PREFIX = "list ";
const organization = document.getElementById("sidebar")?.dataset.organization;
const key = (path) => `${PREFIX}${organization} ${path}`;

function keep() {
  if (!document.querySelector("[data-keeps-url]")) return;
  sessionStorage.setItem(key(location.pathname), location.pathname + location.search);
}

function lead() {
  for (const step of document.querySelectorAll("[data-list-step] > a")) {
    const { pathname, search } = new URL(step.href); // with a search if the page's own URL names the list
    const url = sessionStorage.getItem(key(pathname));
    if (url && url.startsWith(pathname + search)) step.href = url;
  }
}

function forget() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

// The tab that is shown is in sight, also where the others do not fit.
function reveal() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const [row, own] = [tab.parentElement.getBoundingClientRect(), tab.getBoundingClientRect()];
    if (own.right > row.right) tab.parentElement.scrollLeft += own.right - row.right + 16;
  }
}

reveal();
document.addEventListener("htmx:afterSettle", reveal);

if (organization) {
  keep();
  lead();
  document.addEventListener("htmx:afterSettle", keep);
} else {
  forget();
}
