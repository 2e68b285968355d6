// Toasts: six seconds, paused while pointed at or focused; errors stay until closed.
// Other modules and the server (HX-Trigger: {"toast": {"text": …, "tone": …}}) say document event "toast".
const region = document.getElementById("toasts");
const announcer = document.getElementById("announcer");

function show() {
  if (!region?.showPopover) return;
  // A popover opened later lies above an open dialog.
  if (region.matches(":popover-open")) region.hidePopover();
  if (!region.querySelector(".toast")) return;
  region.showPopover();
  leaveBarInSight();
}

// What is said of selected rows hides none of what can be done with them.
function leaveBarInSight() {
  region.style.bottom = "";
  const bar = document.getElementById("bulk-bar")?.getBoundingClientRect();
  const { top, bottom, left } = region.getBoundingClientRect();
  const meets = bar?.height && bar.top < bottom && bar.bottom > top && bar.right > left;
  if (meets) region.style.bottom = `${innerHeight - bar.top + 8}px`;
}

function remove(toast) {
  toast.remove();
  show();
}

function arm(toast) {
  let left = Number(toast.dataset.seconds) * 1000;
  if (!left) return;
  let since = 0;
  let timer = 0;
  const start = () => {
    since = Date.now();
    timer = setTimeout(() => remove(toast), left);
  };
  const pause = () => {
    clearTimeout(timer);
    left = Math.max(1500, left - (Date.now() - since));
  };
  toast.addEventListener("pointerenter", pause);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", pause);
  toast.addEventListener("focusout", start);
  start();
}

// The region comes and goes; a line that is always there is what screen readers follow.
function announce(text) {
  setTimeout(() => {
    announcer.textContent = text;
  }, 100);
}

function add({ text, tone = "ok", retry = null }) {
  const toast = document.createElement("div");
  toast.className = tone === "bad" ? "toast bad" : "toast";
  if (tone !== "bad") toast.dataset.seconds = "6";
  const words = document.createElement("span");
  words.className = "toast-text";
  words.textContent = text;
  toast.append(words);
  if (retry) {
    const again = button("link-button", region.dataset.retry);
    again.addEventListener("click", () => {
      remove(toast);
      retry();
    });
    toast.append(again);
  }
  const close = button("icon-button", "×");
  close.setAttribute("aria-label", region.dataset.close);
  close.dataset.closeToast = "";
  toast.append(close);
  region.append(toast);
  show();
  arm(toast);
  announce(text);
}

function button(className, text) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  return element;
}

if (region) {
  document.addEventListener("toast", (event) => add(event.detail));
  region.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-toast]")) remove(event.target.closest(".toast"));
  });
  const texts = [...region.querySelectorAll(".toast-text")].map((line) => line.textContent.trim());
  region.querySelectorAll(".toast").forEach(arm);
  if (texts.length) announce(texts.join(" "));
  show();
}
