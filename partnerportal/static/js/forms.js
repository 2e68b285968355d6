// Forms: sent once, with a busy button; password shown on request; a warning before unsaved changes are lost.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[data-repeatable]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
  delete form.dataset.changed;
  const pressed = event.submitter;
  // After the browser has collected the fields: a disabled button would not be sent.
  setTimeout(() => pressed?.setAttribute("aria-busy", "true"));
});

// Back from the next page: the browser may show this one as it was left.
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll('[aria-busy="true"]').forEach((button) => button.removeAttribute("aria-busy"));
  });
});

function offerPasswords(root) {
  root.querySelectorAll("[data-show-password]").forEach((button) => {
    button.hidden = false;
  });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-password]");
  if (!button) return;
  const input = button.parentElement.querySelector("input");
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-warn-unsaved]");
  if (form) form.dataset.changed = "true";
});

addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-warn-unsaved][data-changed]")) event.preventDefault();
});

offerPasswords(document);
document.querySelector("form:not([data-keep-focus]) .error-summary")?.focus();
