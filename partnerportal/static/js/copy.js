// Copy buttons, and links that write a mail of a text on the page. data-append: what is put under the text.
// The word "Copied" stands in the button for two seconds and is read out.
function textOf(button) {
  if (button.dataset.copyText) return button.dataset.copyText;
  return textWithAppendix(button.dataset.copy, button);
}

function textWithAppendix(selector, { dataset }) {
  const source = document.querySelector(selector);
  const text = source?.value ?? source?.textContent ?? "";
  return dataset.append ? `${text.trim()}\n\n${dataset.append}` : text;
}

// Written at the moment of the click, because the text may have been edited.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-mail-text]");
  if (!link) return;
  const body = textWithAppendix(link.dataset.mailText, link).replaceAll("\n", "\r\n");
  link.href = `mailto:?subject=${encodeURIComponent(link.dataset.mailSubject)}&body=${encodeURIComponent(body)}`;
});

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain HTTP has no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-text]");
  if (!button || button.matches(".copied")) return;
  try {
    await write(textOf(button));
  } catch {
    if (button.dataset.copy) document.querySelector(button.dataset.copy)?.select?.();
    return;
  }
  const words = button.querySelector("span");
  const before = words?.textContent;
  button.classList.add("copied");
  if (words) words.textContent = button.dataset.copied;
  else document.dispatchEvent(new CustomEvent("toast", { detail: { text: button.dataset.copied } }));
  announce(button);
  setTimeout(() => {
    button.classList.remove("copied");
    if (words) words.textContent = before;
  }, 2000);
});

function announce(button) {
  const line = document.createElement("span");
  line.className = "visually-hidden";
  line.setAttribute("role", "status");
  button.after(line);
  setTimeout(() => {
    line.textContent = button.dataset.copied;
  }, 50);
  setTimeout(() => line.remove(), 2000);
}
