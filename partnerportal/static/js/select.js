// Ticked rows of a list: their number, the page's box, and the bar that says what can be done with them. Without script
// the bar is always there, and the boxes are those of its form.
const bar = () => document.getElementById("bulk-bar");
const rows = () => [...document.querySelectorAll('input[name="row"]')];

// All that match, beyond this page: the form then sends what the list shows instead of the rows.
let all = false;

function show() {
  const boxes = rows();
  const chosen = boxes.filter((box) => box.checked);
  const ticked = chosen.length;
  const page = document.querySelector("[data-select-page]");
  page.checked = ticked > 0 && ticked === boxes.length;
  page.indeterminate = ticked > 0 && !page.checked;
  if (!page.checked) all = false;
  const more = bar().querySelector("[data-select-all]");
  bar().toggleAttribute("data-active", ticked > 0);
  for (const part of bar().querySelectorAll("[data-ticked-only]")) part.hidden = !ticked;
  if (more) more.hidden = !page.checked || all;
  for (const copy of bar().querySelectorAll("[data-copy-ticked]")) {
    const { copyTicked: name, between = "\n" } = copy.dataset; // of the boxes' data; their values without a name
    const texts = chosen.map((box) => (name ? box.dataset[name] : box.value)).filter(Boolean);
    copy.hidden = !texts.length || all; // the page does not know the rows beyond it
    copy.dataset.copyText = [...new Set(texts)].join(between);
  }
  const open = bar().querySelector("[data-open-ticked]");
  if (open) {
    open.hidden = !ticked || all;
    open.href = open.dataset.openTicked + chosen.map((box) => box.value).join(",");
  }
  bar().querySelector("[data-count]").textContent = all ? more.dataset.selectAll : ticked;
  bar().querySelector("[data-what]").value = all ? "shown" : "ticked";
}

document.addEventListener("change", (event) => {
  if (!bar()) return;
  if (event.target.matches("[data-select-page]")) {
    for (const box of rows()) box.checked = event.target.checked;
  } else if (!event.target.matches('input[name="row"]')) {
    return;
  }
  all = false;
  show();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-select-all]")) return;
  all = true;
  show();
  bar().querySelector(".actions button").focus();
});

document.addEventListener("reset", (event) => {
  if (event.target.id !== "bulk") return;
  all = false;
  setTimeout(() => {
    show();
    document.querySelector("[data-select-page]").focus();
  });
});

// Another page of the list begins without ticks; so does one that the browser restored.
document.addEventListener("htmx:afterSettle", () => bar() && show());
addEventListener("pageshow", () => bar() && show());
