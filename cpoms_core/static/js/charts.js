// Draws the charts of a page: each from the specification that the server made for it, with the page's own
// colours. Under the strict CSP Vega's expressions are interpreted, never compiled, and nothing brings a style
// of its own. Without this script the table beside each chart is open; with it, it is one click away.
import { expressionInterpreter } from "../vendor/vega-interpreter/vega-interpreter.js";
import { each, make } from "./each.js";

const OPTIONS = {
  mode: "vega-lite",
  actions: false,
  renderer: "svg",
  ast: true,
  expr: expressionInterpreter,
  defaultStyle: false,
};
const drawn = new Map();

function specificationFor(place) {
  const spec = JSON.parse(place.dataset.chart);
  const own = getComputedStyle(place);
  const room = place.clientWidth;
  const axis = spec.config.axis;
  spec.background = null;
  Object.assign(axis, { labelColor: own.color, titleColor: own.color, gridColor: own.borderTopColor, domainColor: own.borderTopColor });
  Object.assign(spec.config.legend, { labelColor: own.color, labelLimit: Math.max(160, room - 60) });
  spec.config.text.color = own.color;
  for (const { mark } of spec.layer ?? []) if (mark.stroke) mark.stroke = own.outlineColor;
  if (spec.width > 300 && room) {
    spec.width = Math.min(spec.width, room);
    spec.autosize = { type: "fit-x", contains: "padding" };
  }
  return spec;
}

// The values of what the mouse is on, beside it. It stands in the figure, and says nothing that the table
// does not say to everyone else.
function tipFor(place) {
  const tip = place.parentElement.querySelector(".chart-tip") ?? place.parentElement.appendChild(make("div", { className: "chart-tip", ariaHidden: "true", hidden: true }));
  return (_handler, event, _item, values) => {
    tip.hidden = !values;
    if (!values) return;
    tip.replaceChildren(...Object.entries(values).map(([what, value]) => make("p", {}, make("span", { className: "quiet" }, `${what} `), String(value))));
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 8))}px`;
  };
}

async function draw(place) {
  drawn.get(place)?.finalize();
  try {
    const options = { ...OPTIONS, tooltip: tipFor(place) };
    drawn.set(place, await window.vegaEmbed(place, specificationFor(place), options));
    const table = place.parentElement.querySelector("[data-chart-table]");
    if (table && !place.dataset.drawn) table.open = false;
    place.dataset.drawn = "";
  } catch {
    place.hidden = true; // the table is open
  }
}

each("[data-chart]", (place) => {
  let width = place.clientWidth;
  draw(place);
  new ResizeObserver(() => {
    if (Math.abs(place.clientWidth - width) < 8) return;
    width = place.clientWidth;
    draw(place);
  }).observe(place);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach(draw));
