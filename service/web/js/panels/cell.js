/** The cell at the cursor, with the numbers that flow through it there. */

import { DRAWINGS } from "../cells.js";
import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, plain, signed } from "../format.js";
import * as store from "../store.js";

const GATES = ["forget", "input", "output", "reset", "update"];
const STATES = ["candidate", "cell", "hidden"];

export function mount() {
  const panel = id("cell");
  const figure = panel.querySelector(".figure");
  const numbers = panel.querySelector("dl");
  let reading = null;
  let drawn = null;
  let tensors = {};
  let row = -1;

  const choose = () => {
    if (!reading) return;
    row = reading.row(store.get("unit"));
    const names = [...GATES, ...STATES].filter((name) => name in reading.gates);
    const pick = (name) => (row >= 0 && reading.unit(name, row)) || reading.gates[name];
    tensors = Object.fromEntries(names.map((name) => [name, pick(name)]));
    chooser(reading, row);
    point(cursor.at());
  };
  store.watch(["unit"], choose);

  const point = (t) => {
    if (!reading || t >= reading.length) return;
    const word = reading.words[t].text;
    const values = at(tensors, t);
    const exact = row >= 0;
    drawn.set({ ...values, ...(exact ? products(values, reading.cell) : {}), word });
    drawn.svg.setAttribute("aria-label", spoken(reading.cell, values, word));
    id("cell-title").textContent = `At the cursor: “${word}”`;
    id("cell-says").textContent = `Word ${t + 1} of ${reading.length} goes in; ` + (exact
      ? `unit ${reading.trace.units.selected[row]} of ${reading.trace.model.hidden_size}, whose numbers multiply through.`
      : "each number is a mean over all units, weighted by how much they mattered.");
    numbers.replaceChildren(...facts(reading, t, values, row));
  };

  return {
    parts: ["gates", "tensors"],
    rows: () => [["word", ...Object.keys(tensors)],
      ...reading.words.map(({ text }, t) => [text, ...Object.values(tensors).map((series) => series[t])])],
    point,
    show(next) {
      if (next.cell !== reading?.cell) {
        drawn = DRAWINGS[next.cell]();
        figure.replaceChildren(drawn.svg);
      }
      reading = next;
      choose();
    },
  };
}

function at(tensors, t) {
  const values = Object.fromEntries(Object.entries(tensors).map(([name, series]) => [name, series[t]]));
  values.before = t && tensors.cell ? tensors.cell[t - 1] : 0;
  values.hiddenBefore = t ? tensors.hidden[t - 1] : 0;
  return values;
}

/** What the operators make of one unit's values. Means over units do not multiply, so there they have no number. */
function products(values, cell) {
  if (cell === "lstm") {
    return {
      kept: values.forget * values.before,
      written: values.input * values.candidate,
      squashed: Math.tanh(values.cell),
    };
  }
  if (values.update !== undefined) {
    return {
      kept: values.update * values.hiddenBefore,
      renewed: 1 - values.update,
      written: (1 - values.update) * values.candidate,
      ...(values.reset !== undefined && { passed: values.reset * values.hiddenBefore }),
    };
  }
  return {};
}

function facts(reading, t, values, row) {
  const keeps = values.forget ?? values.update;
  const { half_life_words: lives } = reading.trace.memory ?? {};
  const exact = row >= 0;
  const life = exact ? lives?.[row] : middle(lives);
  const rows = Object.entries(values)
    .filter(([name]) => GATES.includes(name) || STATES.includes(name))
    .map(([name, value]) => [name, GATES.includes(name) ? plain(value) : signed(value), "drawn"]);
  const kept = reading.retained(t);
  if (keeps !== undefined) rows.push(["kept from before", percent(keeps)]);
  rows.push(["brought to the verdict", signed(reading.ledger.words[t])]);
  if (kept !== null) rows.push(["still there at the end", percent(kept)]);
  if (lives) rows.push([exact ? "half-life of this unit" : "median half-life", life ? `${life.toFixed(1)} words` : "never halves"]);
  return rows.map(([name, value, kind]) => h("div", { class: kind, dataset: { part: name } }, h("dt", {}, name), h("dd", {}, value)));
}

function middle(lives) {
  const known = (lives ?? []).map((life) => life ?? Infinity).sort((a, b) => a - b);
  const value = known[known.length >> 1];
  return Number.isFinite(value) ? value : null;
}

function chooser(reading, row) {
  const select = h("select", { onchange: (event) => store.set({ unit: event.target.value }) },
    h("option", { value: "mean" }, "mean of all units"),
    ...reading.trace.units.selected.map((unit, rank) =>
      h("option", { value: unit, selected: rank === row }, `unit ${unit}${rank ? "" : ", which mattered most"}`)));
  id("unit-chooser").replaceChildren(h("label", { class: "quiet" }, "show ", select));
}

function spoken(cell, values, word) {
  const parts = Object.entries(values).filter(([name]) => GATES.includes(name) || STATES.includes(name))
    .map(([name, value]) => `${name} ${plain(value)}`);
  return `${cell.toUpperCase()} cell reading ${word}: ${parts.join(", ")}`;
}
