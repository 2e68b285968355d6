// Filter forms with data-live send themselves through htmx: at once on a choice, 250 ms after the last key.
let timer = 0;

// One search is one step of Back: its first answer adds the step, what is typed on only changes the URL. It ends with
// Enter, or when the field is left.
let isSearching = false;
let hasStep = false;

function send(form) {
  clearTimeout(timer);
  form.requestSubmit();
}

document.addEventListener("htmx:beforeHistoryUpdate", ({ detail: { history } }) => {
  const isHere = new URL(history.path, location.href).href === location.href;
  if (history.type === "push" && (isHere || hasStep)) history.type = "replace";
  if (isSearching) hasStep = true;
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form || !event.target.matches('input[type="search"], input[type="text"]')) return;
  clearTimeout(timer);
  isSearching = true;
  timer = setTimeout(() => send(form), 250);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-live]");
  isSearching = hasStep = false;
  if (!form || event.target.matches('input[type="search"], input[type="text"]')) return;
  if (event.target.matches("select")) event.target.toggleAttribute("data-active", event.target.value !== "");
  send(form);
});

// Empty filters stay out of the URL.
document.addEventListener("htmx:configRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches?.("form[data-live]")) return;
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
});

// On a phone the fields stand behind a button. Whether they are shown is kept by the page, because each answer brings
// the form anew.
const root = document.documentElement;

function tellToggles() {
  for (const toggle of document.querySelectorAll("[data-filters]")) {
    toggle.setAttribute("aria-expanded", root.hasAttribute("data-filters-open"));
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-filters]")) return;
  root.toggleAttribute("data-filters-open");
  tellToggles();
});
document.addEventListener("htmx:afterSettle", tellToggles);

// The new count is said by a line that survives the swap.
document.addEventListener("htmx:afterSettle", () => {
  const found = document.querySelector(".filter-count > .found");
  const announcer = document.getElementById("announcer");
  if (found && announcer) announcer.textContent = found.textContent;
});

// Without htmx the browser sends the form: switch off what is empty for that moment.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (window.htmx || !form.matches('.filter-bar[method="get"]')) return;
  const empty = [...form.elements].filter((field) => field.name && field.value === "");
  empty.forEach((field) => (field.disabled = true));
  setTimeout(() => empty.forEach((field) => (field.disabled = false)));
});
