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
  let asked; // the request that is under way
  let timer = 0;

  async function load() {
    const text = input.value;
    asked?.abort();
    asked = new AbortController();
    list.setAttribute("aria-busy", "true");
    try {
      const url = `${form.action}?${new URLSearchParams({ q: text })}`;
      const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
      const response = await fetch(url, { headers, signal: asked.signal });
      const signIn = response.headers.get("HX-Redirect");
      if (signIn) return location.assign(signIn);
      if (!response.ok) return location.assign(url); // the whole page says better what is wrong
      list.innerHTML = await response.text();
    } catch (error) {
      if (error.name !== "AbortError") list.removeAttribute("aria-busy"); // offline: what was found before stays
      return;
    }
    list.removeAttribute("aria-busy");
    shownFor = text;
    mark(options()[0]);
    if (isWaiting) follow();
  }

  const mark = (option) => {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const marked = () => list.querySelector('[aria-selected="true"]');

  const open = (event) => {
    event.preventDefault();
    palette.togglePopover();
    input.select(); // what is typed next replaces what was sought before
  };
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) open(event);
  });
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (plain && event.target.closest("[data-palette]")) open(event);
  });

  palette.addEventListener("toggle", (event) => {
    if (event.newState === "open") load();
  });

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  });

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
