// One menu serves every row of a list: fifty copies were half of the page. A row's "…" is a link to the row's own page,
// which offers the same deeds; here it becomes the menu's button. menu.js and dialog.js know it by popovertarget.
const plain = (event) => event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

function prepare() {
  for (const opener of document.querySelectorAll("a[data-menu]:not([role])")) {
    opener.setAttribute("role", "button");
    opener.setAttribute("aria-haspopup", "true");
    opener.setAttribute("aria-expanded", "false");
  }
}

// Items with data-path lead below the row's page; the last one ends the row's connection, where there is one.
const NONE = "00000000-0000-0000-0000-000000000000";

function fill(menu, opener) {
  const { connection } = opener.dataset;
  for (const item of menu.querySelectorAll("[data-path]")) item.href = new URL(item.dataset.path, opener.href);
  const end = menu.querySelector("[data-end-item]");
  if (!end) return;
  end.href = end.dataset.endItem.replace(NONE, connection ?? NONE);
  end.hidden = !connection;
  menu.querySelector("[data-refused-item]").hidden = Boolean(connection);
}

function open(opener) {
  const menu = document.getElementById(opener.dataset.menu);
  if (menu.matches(":popover-open")) menu.hidePopover();
  document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`)?.removeAttribute("popovertarget");
  opener.setAttribute("popovertarget", menu.id);
  fill(menu, opener);
  menu.showPopover({ source: opener });
}

// A press on the button of an open menu closes it before the click comes: that click must not open it again.
let closedByPress = null;
document.addEventListener(
  "pointerdown",
  (event) => {
    closedByPress = event.target.closest('a[data-menu][aria-expanded="true"]');
  },
  true,
);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("a[data-menu]");
  if (!opener || !plain(event)) return;
  event.preventDefault();
  if (opener === closedByPress) document.getElementById(opener.dataset.menu).hidePopover();
  else open(opener);
  closedByPress = null;
});

document.addEventListener("keydown", (event) => {
  const opener = event.target.closest?.("a[data-menu]");
  if (!opener || !["ArrowDown", " "].includes(event.key) || event.defaultPrevented) return;
  event.preventDefault();
  open(opener);
});

document.addEventListener("htmx:afterSettle", prepare);
prepare();
