// The tooltip of a chart: it snaps to the nearest point, by pointer or with Left and Right. What it says is a row of the
// table under the chart. Each drawing carries its points as "x y y;x y y", a dash where nothing is known.
const tipOf = (svg) => svg.parentElement.querySelector(".chart-tip");

function pointsOf(svg) {
  return svg.dataset.points.split(";").map((point) => point.split(" ").map(Number));
}

function linesOf(svg, at) {
  const table = document.querySelector(`[data-chart-table="${CSS.escape(svg.parentElement.dataset.chart)}"]`);
  const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent);
  const cells = [...table.querySelectorAll("tbody tr")[at].cells].map((cell) => cell.textContent);
  return { heading: cells[0], lines: cells.slice(1).map((text, index) => `${names[index + 1]}: ${text}`) };
}

function show(svg, at) {
  const points = pointsOf(svg);
  const [x, ...ys] = points[at];
  svg.dataset.at = at;
  const cursor = svg.querySelector(".cursor");
  for (const end of ["x1", "x2"]) cursor.setAttribute(end, x);
  cursor.setAttribute("visibility", "visible");
  svg.querySelectorAll(".dot").forEach((dot, index) => {
    const known = !Number.isNaN(ys[index]);
    dot.setAttribute("visibility", known ? "visible" : "hidden");
    if (!known) return;
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", ys[index]);
  });
  const { heading, lines } = linesOf(svg, at);
  const title = document.createElement("strong");
  title.textContent = heading;
  const tip = tipOf(svg);
  tip.replaceChildren(
    title,
    ...lines.map((text) => {
      const line = document.createElement("div");
      line.textContent = text;
      return line;
    }),
  );
  tip.hidden = false;
  place(svg, tip, x, Math.min(...ys.filter((y) => !Number.isNaN(y)), svg.viewBox.baseVal.height));
}

// Beside the point, so that the point itself stays to be seen.
function place(svg, tip, x, y) {
  const scale = svg.clientWidth / svg.viewBox.baseVal.width;
  const right = x * scale + 12;
  const fits = right + tip.offsetWidth <= svg.clientWidth;
  tip.style.left = `${Math.max(0, fits ? right : right - tip.offsetWidth - 24)}px`;
  tip.style.top = `${Math.max(0, y * scale - tip.offsetHeight - 12)}px`;
}

function leave(svg) {
  tipOf(svg).hidden = true;
  delete svg.dataset.at;
  svg.querySelector(".cursor").setAttribute("visibility", "hidden");
  for (const dot of svg.querySelectorAll(".dot")) {
    dot.setAttribute("visibility", "visible");
    dot.setAttribute("cx", dot.dataset.x);
    dot.setAttribute("cy", dot.dataset.y);
  }
}

function nearest(svg, clientX) {
  const box = svg.getBoundingClientRect();
  const x = ((clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
  const points = pointsOf(svg);
  return points.reduce((best, [px], at) => (Math.abs(px - x) < Math.abs(points[best][0] - x) ? at : best), 0);
}

const drawing = (event) => event.target.closest?.(".chart > svg");

document.addEventListener("pointermove", (event) => {
  const svg = drawing(event);
  for (const other of document.querySelectorAll(".chart > svg[data-at]")) {
    if (other !== svg && other !== document.activeElement) leave(other);
  }
  if (!svg) return;
  const at = nearest(svg, event.clientX);
  if (svg.dataset.at !== String(at)) show(svg, at);
});

document.addEventListener("keydown", (event) => {
  const svg = drawing(event);
  if (!svg) return;
  if (event.key === "Escape" && svg.dataset.at) leave(svg);
  const last = pointsOf(svg).length - 1;
  const at = Number(svg.dataset.at ?? last + 1);
  const to = { ArrowLeft: Math.min(at, last + 1) - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  show(svg, Math.max(0, Math.min(to, last)));
});

document.addEventListener("focusout", (event) => {
  const svg = drawing(event);
  if (svg) leave(svg);
});
