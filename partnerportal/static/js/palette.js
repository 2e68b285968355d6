// The palette: Ctrl or Cmd K opens it, and the server finds what it lists. Focus stays in the field, so letters always
// type; the arrow keys move a mark over the options, Enter follows it, and Escape closes.
const palette = document.getElementById("jump");

if (palette) {
  const form = palette.querySelector("form");
  const input = form.elements.q;
  const list = document.getElementById("jump-list");
  const options = () => [...list.querySelectorAll('[role="option"]')];
  let shownFor = null; // the text to which the list belongs
  let isWaiting = false; // for the list of what was typed, to follow its first option

  const mark = (option) => {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const marked = () => list.querySelector('[aria-selected="true"]');
  const load = () => window.htmx.trigger(form, "palette");

  const open = (event) => {
    event.preventDefault();
    palette.togglePopover();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) open(event);
  });
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (plain && event.target.closest("[data-palette]")) open(event);
  });

  palette.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    input.select();
    load();
  });

  list.addEventListener("htmx:afterSwap", () => {
    shownFor = input.value;
    mark(options()[0]);
    if (isWaiting) follow();
  });
  form.addEventListener("htmx:beforeRequest", () => list.setAttribute("aria-busy", "true"));
  form.addEventListener("htmx:afterRequest", () => list.removeAttribute("aria-busy"));

  const follow = () => {
    isWaiting = shownFor !== input.value;
    if (!isWaiting) marked()?.click();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    follow();
  });

  input.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(marked());
    const next = {
      ArrowDown: all[(at + 1) % all.length],
      ArrowUp: all[(at - 1 + all.length) % all.length],
    }[event.key];
    if (next) {
      event.preventDefault();
      mark(next);
    } else if (event.key === "Escape") {
      event.preventDefault(); // the first Escape would only empty the field
      palette.hidePopover();
    }
  });
}
