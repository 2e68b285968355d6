// The row of the settings' pages begins where the present one is.
document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Menus are native popovers. Added here: expanded state, arrow keys, first focus, and a place for them
// in browsers without anchor positioning.
const anchored = CSS.supports("position-area", "block-end");

const invokerOf = (popover) => document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`);
const itemsOf = (menu) => [...menu.querySelectorAll(".menu-item")].filter((item) => item.offsetParent !== null);

function place(menu, invoker) {
  const box = invoker.getBoundingClientRect();
  const start = menu.matches(".start, .above");
  const left = start ? box.left : box.right - menu.offsetWidth;
  const below = box.bottom + menu.offsetHeight < innerHeight;
  const top = below && !menu.matches(".above") ? box.bottom : box.top - menu.offsetHeight - 8;
  Object.assign(menu.style, {
    position: "fixed",
    left: `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`,
    top: `${Math.max(8, top)}px`,
  });
}

// toggle does not bubble, so it is caught on the way down.
document.addEventListener(
  "toggle",
  (event) => {
    const popover = event.target;
    if (!(popover instanceof HTMLElement) || !popover.popover || !popover.id) return;
    const invoker = invokerOf(popover);
    const open = event.newState === "open";
    invoker?.setAttribute("aria-expanded", String(open));
    if (!open || !popover.matches(".menu") || !invoker) return;
    if (!anchored) place(popover, invoker);
    if (invoker.matches(":focus-visible")) itemsOf(popover)[0]?.focus();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu:popover-open");
  if (!menu) {
    openByArrow(event);
    return;
  }
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement);
  const to = {
    ArrowDown: items[(at + 1) % items.length],
    ArrowUp: items[(at - 1 + items.length) % items.length],
    Home: items[0],
    End: items.at(-1),
  }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (!to) return;
  event.preventDefault();
  to.focus();
});

function openByArrow(event) {
  if (event.key !== "ArrowDown") return;
  const menu = document.getElementById(event.target.getAttribute?.("popovertarget"));
  if (!menu?.matches(".menu")) return;
  event.preventDefault();
  if (!menu.matches(":popover-open")) menu.showPopover({ source: event.target });
  itemsOf(menu)[0]?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest('[aria-disabled="true"]')) event.preventDefault();
  const item = event.target.closest(".menu .menu-item");
  if (item && !item.matches('[aria-disabled="true"]')) item.closest(".menu").hidePopover?.();
});
