// "/" goes to the list's search, Ctrl or Cmd K to the jump list, "?" to the help.
const jump = document.getElementById("jump");
const help = document.getElementById("help");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

document.querySelectorAll("[data-command-key]").forEach((key) => {
  if (isMac) key.textContent = `⌘${key.dataset.commandKey}`;
});

const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && jump) {
    event.preventDefault();
    jump.togglePopover();
    return;
  }
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    const search = document.querySelector('main input[type="search"]');
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "?" && help) {
    help.togglePopover();
  }
});

if (jump) {
  const input = jump.querySelector("input");
  const nothing = jump.querySelector(".palette-empty");
  const links = [...jump.querySelectorAll("a")];
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const shown = () => links.filter((link) => !link.parentElement.hidden);

  const filter = () => {
    const wanted = fold(input.value.trim());
    links.forEach((link) => (link.parentElement.hidden = !fold(link.textContent).includes(wanted)));
    nothing.hidden = shown().length > 0;
    mark(shown()[0]);
  };
  const mark = (link) => {
    links.forEach((other) => other.toggleAttribute("data-active", other === link && input.value !== ""));
  };

  input.addEventListener("input", filter);
  jump.addEventListener("beforetoggle", () => {
    input.value = "";
    filter();
  });
  jump.querySelector("form").addEventListener("submit", (event) => {
    const [first] = shown();
    if (first) {
      event.preventDefault();
      location.assign(first.href);
    } else if (!event.target.getAttribute("action")) {
      event.preventDefault();
    }
  });
  jump.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [input, ...shown()];
    const at = stops.indexOf(document.activeElement);
    stops[(at + step + stops.length) % stops.length].focus();
  });
}
