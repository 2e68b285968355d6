// One menu serves every row of a list: fifty copies were half of the page. It takes its URLs from the row whose "…"
// was pressed; menu.js and dialog.js know that button by popovertarget. Without script the row's link leads to the page
// that offers the same actions.
const menu = () => document.getElementById("row-menu");

// Items with data-path lead below the row's page; the last one ends the row's connection, where there is one.
const NONE = "00000000-0000-0000-0000-000000000000";

function fill(opener) {
  const connection = opener.dataset.rowMenu; // empty: not this organisation's
  const page = opener.closest("tr").querySelector("a").href;
  for (const item of menu().querySelectorAll("[data-path]")) item.href = new URL(item.dataset.path, page);
  const end = menu().querySelector("[data-end-item]");
  if (!end) return;
  end.href = end.dataset.endItem.replace(NONE, connection || NONE);
  end.hidden = !connection;
  menu().querySelector("[data-refused-item]").hidden = Boolean(connection);
}

function open(opener) {
  document.querySelector('[popovertarget="row-menu"]')?.removeAttribute("popovertarget");
  opener.setAttribute("popovertarget", "row-menu");
  fill(opener);
  menu().showPopover({ source: opener });
}

// The browser itself leaves the menu open when its own button is pressed again.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-row-menu]");
  if (!opener) return;
  event.preventDefault();
  if (menu().matches(":popover-open")) menu().hidePopover();
  else open(opener);
});

document.addEventListener("keydown", (event) => {
  const opener = event.target.closest?.("[data-row-menu]");
  if (!opener || event.key !== "ArrowDown" || event.defaultPrevented) return;
  event.preventDefault();
  open(opener);
});

// The names of fifty buttons need not travel: the row has its own, the table the words.
function name() {
  for (const opener of document.querySelectorAll("[data-row-menu]:not([aria-label])")) {
    const words = opener.closest("table").dataset.actions;
    opener.setAttribute("aria-label", words.replace("{}", opener.closest("tr").querySelector("a").textContent));
  }
}

name();
document.addEventListener("htmx:afterSettle", name);
