// Exports: the file is fetched and saved here, so that a toast can say what was exported and the button is busy
// meanwhile. Without script the browser sends the form and saves the answer itself.
const running = new WeakSet();

function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000); // some browsers first ask where to put the file
}

// errors.js says it, as it does for htmx, and presses the same again.
function fail(pressed, event, xhr) {
  document.dispatchEvent(new CustomEvent(event, { detail: { elt: pressed, xhr } }));
}

// The form stays busy until the page is left, so that another click sends nothing; or for ten seconds, because whoever has
// unsaved changes on the page may choose to stay.
function leave(url) {
  location.assign(url);
  return new Promise((done) => {
    addEventListener("pagehide", done, { once: true });
    setTimeout(done, 10000);
  });
}

async function send(url, form, button) {
  const body = new FormData(form, button);
  const answer = await fetch(url, { method: "POST", body, headers: { "HX-Request": "true" } });
  const page = answer.headers.get("HX-Redirect") ?? (answer.redirected && answer.url);
  if (page) return leave(page);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
  if (!answer.ok || !name) {
    return fail(button ?? form, "htmx:responseError", { status: answer.status, responseText: await answer.text() });
  }
  save(await answer.blob(), name);
  const { toast } = JSON.parse(answer.headers.get("HX-Trigger") ?? "{}");
  if (toast) document.dispatchEvent(new CustomEvent("toast", { detail: toast }));
}

// A form exports, unless the button leads elsewhere; in the palette the button itself does. forms.js, which comes later,
// leaves alone what is taken here.
document.addEventListener("submit", async (event) => {
  const { target: form, submitter: button } = event;
  const url = button?.getAttribute("formaction");
  if (event.defaultPrevented || !(url ? button : form).matches("[data-export]")) return;
  event.preventDefault();
  if (running.has(form)) return;
  running.add(form);
  const palette = button?.closest(":popover-open"); // asked now: what is found meanwhile replaces the button
  button?.setAttribute("aria-busy", "true");
  await send(url ?? form.action, form, button).catch(() => fail(button ?? form, "htmx:sendError"));
  button?.removeAttribute("aria-busy");
  palette?.hidePopover();
  running.delete(form);
});
