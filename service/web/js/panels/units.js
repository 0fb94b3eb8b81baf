/** The units that mattered most, one gate at a time, word by word. */

import { cells, Layers } from "../canvas.js";
import { css, diverging, palette, sequential } from "../colours.js";
import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, plain, signed } from "../format.js";
import { endOf, largest, OF_A_UNIT, scaleEnd } from "../reading.js";
import * as store from "../store.js";
import * as stretch from "../stretch.js";
import { placeOn, tell } from "../values.js";

const LEFT = 52;
const GATES = ["forget", "input", "output", "reset", "update"];
const CALLED = { update: "update gate (1 keeps the old state)", candidate: "candidate", cell: "cell state", hidden: "hidden state" };
const WITHIN_ONE = ["candidate", "hidden"];

export function mount() {
  const host = id("units").querySelector(".figure");
  let reading = null;
  let ink = "";
  const layers = new Layers(host, () => draw());

  const step = () => (layers.width - LEFT) / (stretch.end(reading.length) - stretch.first());
  const rowHeight = () => layers.height / reading.trace.units.selected.length;
  const place = (event) => {
    const { x, y } = placeOn(host, event);
    return { t: stretch.first() + Math.floor((x - LEFT) / step()), row: Math.floor(y / rowHeight()) };
  };
  tell(host, (event) => {
    if (!reading?.trace.tensors) return null;
    const { t, row } = event ? place(event) : { t: cursor.at(), row: Math.max(0, reading.row(store.get("unit"))) };
    const unit = reading.trace.units.selected[row];
    if (unit === undefined || !(t >= stretch.first() && t < stretch.end(reading.length))) return null;
    return { x: LEFT + (t + 0.5 - stretch.first()) * step(), y: row * rowHeight(), text: saysOf(reading, shown(reading), unit, row, t) };
  });
  host.addEventListener("pointermove", (event) => event.pointerType === "mouse" && cursor.hover(place(event).t));
  host.addEventListener("click", (event) => {
    const { t, row } = place(event);
    store.set({ unit: reading.trace.units.selected[row] ?? "mean" });
    if (t >= stretch.first()) cursor.click(t);
  });

  const draw = () => {
    if (!reading || !layers.width) return;
    const name = shown(reading);
    const { selected } = reading.trace.units;
    const { values, most, isGate } = field(reading, name);
    const colours = palette();
    ink = css(colours.ink);
    const colour = isGate ? sequential(colours) : diverging(colours);
    const image = cells(selected.length, stretch.end(reading.length) - stretch.first(), (row, i) => colour(values(row, stretch.first() + i) / most));
    const context = layers.clear("base");
    context.imageSmoothingEnabled = false;
    context.drawImage(image, LEFT, 0, layers.width - LEFT, layers.height);
    context.fillStyle = css(colours.muted);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    context.textAlign = "right";
    selected.forEach((unit, row) => {
      const y = row * rowHeight();
      context.fillText(unit, LEFT - 8, y + rowHeight() / 2 + 4);
      context.clearRect(LEFT, y + rowHeight() - 1, layers.width, 1);
    });
    legend(reading, name, most, isGate);
    point(cursor.at());
  };

  const point = (t) => {
    if (!reading || t >= reading.length) return;
    const context = layers.clear("over");
    const wide = step();
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.strokeRect(LEFT + (t - stretch.first()) * wide - 0.75, 0.75, Math.max(wide, 2) + 1.5, layers.height - 1.5);
    const row = reading.row(store.get("unit"));
    if (row >= 0) {
      context.strokeRect(LEFT + 0.75, row * rowHeight() + 0.75, layers.width - LEFT - 1.5, rowHeight() - 2);
    }
  };
  stretch.onChange(draw);
  store.watch(["unit"], () => point(cursor.at()));
  store.watch(["gate", "scale"], () => (choices(reading), draw()));

  return {
    parts: ["tensors", "units"],
    rows: () => rows(reading),
    point,
    show(next) {
      reading = next;
      choices(reading);
      draw();
    },
    repaint: draw,
    /** The unit above or below the chosen one. */
    step(direction) {
      const units = ["mean", ...reading.trace.units.selected.map(String)];
      const next = 1 + reading.row(store.get("unit")) + direction;
      if (next >= 0 && next < units.length) store.set({ unit: units[next] });
    },
  };
}

function names(reading) {
  const tensors = Object.keys(reading.trace.tensors?.values ?? {});
  return shares(reading) ? ["share", ...tensors] : tensors;
}

/** What each selected unit wrote at each word, or brought where nothing is written, `[T, K]`. */
function shares(reading) {
  const { write, deep } = reading.trace.ledgers;
  return write?.units ?? deep?.units;
}

function shown(reading) {
  const known = names(reading);
  return known.includes(store.get("gate")) ? store.get("gate") : known[0];
}

/** The values to draw, `values(row, t)`, the end of their scale, and whether it starts at zero. */
function field(reading, name) {
  if (name === "share") {
    const units = shares(reading);
    const [, k] = units.shape;
    return { values: (row, t) => units[t * k + row], most: scaleEnd(units, store.get("scale"), OF_A_UNIT), isGate: false };
  }
  const tensor = reading.trace.tensors.values[name];
  const [, , k] = tensor.shape;
  const isGate = GATES.includes(name);
  return { values: (row, t) => tensor[t * k + row], most: isGate || WITHIN_ONE.includes(name) ? 1 : largest(tensor), isGate };
}

/** What is shown: a row a word, a column a unit. */
function rows(reading) {
  const name = shown(reading);
  const { values } = field(reading, name);
  const { selected } = reading.trace.units;
  return [["word", ...selected.map((unit) => `${name} of unit ${unit}`)],
    ...reading.words.map(({ text }, t) => [text, ...selected.map((_, row) => values(row, t))])];
}

function saysOf(reading, name, unit, row, t) {
  const { values, isGate } = field(reading, name);
  const value = values(row, t);
  const said = name === "share" ? `share ${signed(value, 3)} logits` : `${name} ${isGate ? plain(value) : signed(value)}`;
  return `unit ${unit} at “${reading.words[t].text}”: ${said}`;
}

function choices(reading) {
  if (!reading) return;
  const current = shown(reading);
  document.querySelector("#units .chooser").replaceChildren(...names(reading).map((name) =>
    h("button", { type: "button", "aria-pressed": String(name === current), onclick: () => store.set({ gate: name }) }, name)));
}

function legend(reading, name, most, isGate) {
  const { toward, against } = reading.ends;
  const { units, model } = reading.trace;
  const ends = name === "share" ? [against, toward] : isGate ? ["0 closed", "1 open"] : [signed(-most), signed(most)];
  id("units-legend").replaceChildren(
    h("span", {}, h("b", {}, ends[0]), h("i", { class: isGate ? "ramp one" : "ramp two" }), h("b", {}, ends[1])),
    h("span", {}, name === "share" ? `deepest: ${endOf(most, store.get("scale"))}` : "the same scale for every text"),
    h("span", {}, `${units.omitted} of ${model.hidden_size} units are left out, with ${percent(units.omitted_share)} of all that the head read`));
  const what = name === "share" ? "its share in the verdict" : `its ${CALLED[name] ?? `${name} gate`}`;
  id("units-says").textContent = `The ${units.selected.length} units that mattered most, each a row; the colour shows ${what} at each word.`;
}
