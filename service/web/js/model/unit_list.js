/** Every unit of the top layer in a table; the chosen one with the places where it is highest and lowest. */

import { h, s } from "../dom.js";
import { plain, signed } from "../format.js";
import { placeList } from "../places.js";

const FIRST = 16;
const ORDERS = {
  "moves the verdict most": (a, b) => b.moves - a.moves,
  "keeps longest": (a, b) => (b.half_life ?? 0) - (a.half_life ?? 0),
  "on together": (a, b) => a.group - b.group || b.moves - a.moves,
  number: (a, b) => a.unit - b.unit,
};

/** The table and the places beside it; `chosen` is a unit's number or null. */
export function unitList(units, chosen, { places, read, remember, fail }) {
  const details = h("div", { class: "lists", "aria-live": "polite" });
  const body = h("tbody");
  const order = h("select", {}, ...Object.keys(ORDERS).map((name) => h("option", {}, name)));
  const all = h("button", { type: "button", hidden: units.length <= FIRST }, `all ${units.length}`);
  let selected = units.some(({ unit }) => String(unit) === chosen) ? Number(chosen) : units[0].unit;
  let shown = FIRST;

  const choose = async (unit) => {
    selected = unit;
    for (const row of body.rows) row.toggleAttribute("aria-current", Number(row.dataset.unit) === unit);
    try {
      const { highest, lowest } = await places(unit);
      if (unit !== selected) return;
      const to = (place) => read(place, unit);
      details.replaceChildren(
        placeList(`Where unit ${unit} is highest`, highest, to, ({ value }) => signed(value)),
        placeList(`Where unit ${unit} is lowest`, lowest, to, ({ value }) => signed(value)));
    } catch (error) {
      fail(error);
    }
  };
  const draw = () => {
    const sorted = units.toSorted(ORDERS[order.value]);
    const visible = sorted.filter((one, rank) => rank < shown || one.unit === selected);
    body.replaceChildren(...visible.map((one) => row(one, (unit) => (remember(unit), choose(unit)))));
    choose(selected);
  };
  order.addEventListener("change", draw);
  all.addEventListener("click", () => {
    shown = units.length;
    all.hidden = true;
    draw();
  });
  draw();
  const head = ["unit", "moves", "toward", "keeps half for", "hidden state", "goes with", "group"];
  return [h("p", {}, together(units)), h("div", { class: "controls" }, h("label", {}, "order by ", order), all),
    h("div", { class: "beside" },
      h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "The units" },
        h("table", {}, h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))), body)),
      details)];
}

/** How many groups of units there are that are on together, and how large. */
function together(units) {
  const sizes = [];
  for (const { group } of units) sizes[group] = (sizes[group] ?? 0) + 1;
  const groups = sizes.filter((size) => size > 1);
  const alone = sizes.length - groups.length;
  const rest = alone ? `; ${alone} ${alone === 1 ? "goes" : "go"} with no other` : "";
  return groups.length ? `Units that are on, or off, together are one group: ${groups.length} of them have ${groups.join(", ")} units${rest}.` : "No units are on together.";
}

function row(one, choose) {
  const { unit, moves, toward, half_life: life, nearest, group } = one;
  const other = ([number, correlation]) => h("button", { type: "button", title: `correlation ${plain(correlation)}`, onclick: () => choose(number) },
    `${correlation < 0 ? "−" : ""}${number}`);
  return h("tr", { dataset: { unit } },
    h("th", { scope: "row" }, h("button", { type: "button", "aria-label": `unit ${unit}`, onclick: () => choose(unit) }, unit)),
    h("td", {}, moves.toFixed(2)), h("td", {}, toward), h("td", {}, life === null ? "–" : `${life.toFixed(1)} words`),
    h("td", {}, spark(one)), h("td", {}, ...nearest.map(other)), h("td", {}, group + 1));
}

/** How often the hidden state stands where, between minus and plus its largest. */
function spark({ histogram, scale, mean, spread }) {
  const most = Math.max(...histogram);
  const bars = histogram.map((count, i) => `M${i},24v${-22 * (count / most)}h0.9V24z`).join("");
  return s("svg", { class: "spark", viewBox: "0 0 32 24", preserveAspectRatio: "none", role: "img",
    "aria-label": `mean ${signed(mean)}, spread ${plain(spread)}, between ${signed(-scale)} and ${signed(scale)}` },
  s("line", { x1: 16, x2: 16, y1: 0, y2: 24 }), s("path", { d: bars }));
}
