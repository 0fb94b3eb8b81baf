/** Gates and states at the cursor as whole vectors: a bar for every unit of the top layer. */

import * as cursor from "../cursor.js";
import { h, id, s } from "../dom.js";
import { plain, signed } from "../format.js";
import { largest } from "../reading.js";
import * as store from "../store.js";
import { placeOn, tell } from "../values.js";

/** Words before and after the cursor that are asked for together. */
const AROUND = 12;
const RESTING = 120;
const HEIGHT = 24;
const GATES = ["forget", "input", "output", "reset", "update"];

export function mount({ vectors, fail }) {
  const host = id("vectors");
  const figure = host.querySelector(".figure");
  let reading = null;
  let known = null;
  let resting = 0;

  const load = async () => {
    const of = reading;
    const from = Math.max(0, cursor.at() - AROUND);
    const to = Math.min(reading.length, cursor.at() + AROUND + 1);
    try {
      const { tensors } = await vectors(of.text, of.trace.model.layers - 1, from, to);
      if (of !== reading) return;
      known = { from, to, tensors: tensors.values };
      draw(cursor.at());
    } catch (error) {
      fail(error);
    }
  };

  /** The values of each tensor at word t, `[H]`, with the end of its scale; null where they are not here yet. */
  const at = (t) => {
    if (!known || t < known.from || t >= known.to) return null;
    return Object.entries(known.tensors).map(([name, values]) => {
      const size = values.shape[2];
      return { name, values: values.subarray((t - known.from) * size, (t - known.from + 1) * size), most: name === "cell" ? largest(values) : 1 };
    });
  };

  const draw = (t) => {
    const all = at(t);
    if (!all) return;
    figure.replaceChildren(...all.map((one) => h("div", { class: "vector", dataset: { name: one.name } },
      h("span", {}, one.name), bars(one, Number(store.get("unit"))), h("span", { class: "quiet small" }, ends(one)))));
  };
  store.watch(["unit"], () => reading && host.open && draw(cursor.at()));

  tell(figure, (event) => {
    const row = event?.target.closest("svg")?.parentElement;
    const one = row && at(cursor.at())?.find(({ name }) => name === row.dataset.name);
    if (!one) return null;
    const svg = row.querySelector("svg");
    const unit = Math.min(one.values.length - 1, Math.floor((placeOn(svg, event).x / svg.clientWidth) * one.values.length));
    const { x, y } = placeOn(figure, event);
    return { x, y: y - 10, text: `${one.name} of unit ${unit}: ${said(one.name, one.values[unit])}` };
  });

  const point = (t) => {
    if (!reading || !host.open) return;
    draw(t);
    clearTimeout(resting);
    if (!at(t)) resting = setTimeout(load, RESTING);
  };
  host.addEventListener("toggle", () => point(cursor.at()));

  return {
    rows() {
      const all = at(cursor.at()) ?? [];
      return [["unit", ...all.map(({ name }) => name)], ...Array.from(all[0]?.values ?? [], (_, unit) => [unit, ...all.map(({ values }) => values[unit])])];
    },
    point,
    show(next) {
      reading = next;
      known = null;
      point(cursor.at());
    },
  };
}

function bars({ name, values, most }, chosen) {
  const isGate = GATES.includes(name);
  const base = isGate ? HEIGHT : HEIGHT / 2;
  const path = (wanted) => Array.from(values, (value, unit) => (wanted(value, unit) ? `M${unit},${base}v${(-(value / most) * base).toFixed(2)}h0.8V${base}z` : "")).join("");
  const kinds = isGate ? { gate: () => true } : { toward: (value) => value >= 0, against: (value) => value < 0 };
  return s("svg", { viewBox: `0 0 ${values.length} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": spoken(name, values) },
    values[chosen] === undefined ? null : s("rect", { class: "chosen", x: chosen - 0.1, y: 0, width: 1, height: HEIGHT }),
    ...Object.entries(kinds).map(([kind, wanted]) => s("path", { class: kind, d: path(wanted) })),
    s("line", { class: "axis", x1: 0, x2: values.length, y1: base, y2: base, "vector-effect": "non-scaling-stroke" }));
}

function spoken(name, values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const open = values.filter((value) => value > 0.5).length;
  return GATES.includes(name) ? `${name}: ${open} of ${values.length} units more open than closed, mean ${plain(mean)}`
    : `${name}: mean ${signed(mean)}, from ${signed(Math.min(...values))} to ${signed(Math.max(...values))}`;
}

function said(name, value) {
  return GATES.includes(name) ? plain(value) : signed(value);
}

function ends({ name, most }) {
  return GATES.includes(name) ? "0 to 1" : `±${plain(most)}`;
}
