// A link with data-dialog opens its page as a dialog; without script it is an ordinary link.
// The server answers the same URL with a fragment when HX-Request is set.
const dialog = document.getElementById("dialog");
let opener; // the link that has opened it last

async function open(link) {
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  const signIn = response?.headers.get("HX-Redirect");
  if (signIn) return location.assign(signIn);
  // Anything that is not the dialog itself is better said by the whole page.
  if (!response?.ok || response.redirected) return location.assign(link.href);
  dialog.innerHTML = await response.text();
  dialog.classList.toggle("wide", link.dataset.dialog === "wide");
  window.htmx?.process(dialog);
  opener = link;
  dialog.showModal();
  firstField()?.focus();
}

// The browser tells of a close a moment later, when somebody quick may have opened the dialog again.
function restore() {
  if (dialog.open) return;
  dialog.replaceChildren();
  // A link inside a menu is gone from sight: focus returns to the menu's button.
  const menu = opener?.closest("[popover]");
  const target = menu ? document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`) : opener;
  target?.focus();
}

function firstField() {
  const fields = 'input:not([type="hidden"], [readonly]), select, textarea';
  return dialog.querySelector(`[autofocus], :is(${fields}):not(:disabled)`);
}

if (dialog) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (link && plain) {
      event.preventDefault();
      open(link);
    }
  });

  dialog.addEventListener("close", restore);

  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-dialog]")) {
      event.preventDefault();
      dialog.close();
    }
  });

  // The backdrop: a press that starts and ends outside the box.
  let pressedOutside = false;
  dialog.addEventListener("pointerdown", (event) => {
    pressedOutside = event.target === dialog;
  });
  dialog.addEventListener("pointerup", (event) => {
    if (pressedOutside && event.target === dialog) dialog.close();
  });
}
