// "/" goes to the list's search, "?" to the help. Ctrl or Cmd K is palette.js's.
const help = document.getElementById("help");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

document.querySelectorAll("[data-command-key]").forEach((key) => {
  if (isMac) key.textContent = `⌘${key.dataset.commandKey}`;
});

const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

document.addEventListener("keydown", (event) => {
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
