/** The memory triangle: row = a word's memory over time, column = what is remembered then. */

import { cells, Layers } from "../canvas.js";
import { css, diverging, palette } from "../colours.js";
import * as cursor from "../cursor.js";
import { h, id, s } from "../dom.js";
import { counted, percent, signed } from "../format.js";
import { endOf, largest, scaleEnd } from "../reading.js";
import * as store from "../store.js";
import * as stretch from "../stretch.js";
import { placeOn, tell } from "../values.js";

const REMEMBERED = 6;
const NONE = "This cell has no gate that carries its state from word to word, so what is remembered cannot be told " +
  "apart by word. The vanishing gradient below shows how soon an RNN loses hold of a word.";

export function mount() {
  const body = id("memory").querySelector(".body");
  const triangle = h("div", { class: "triangle layers" });
  const lists = h("div", { class: "remembered" });
  const note = h("p", { class: "quiet small" });
  const frame = h("div", { class: "triangle-frame", tabindex: "0", "data-keys": "chart", role: "slider",
    "aria-label": "Cursor in memory" }, triangle);
  const layout = h("div", { class: "memory-body" }, frame, lists);
  const legend = h("div", { class: "legend" });
  let reading = null;
  let layers = null;
  let ink = "";

  /** The word under a pointer: of its row, or of its column where that comes first. */
  const place = (event) => {
    const { x, y } = placeOn(triangle, event);
    const { size, first, block } = grid(reading, layers);
    return Math.floor((first + Math.max(0, Math.min(x, y)) / size) * block);
  };
  triangle.addEventListener("pointermove", (event) => event.pointerType === "mouse" && cursor.hover(place(event)));
  triangle.addEventListener("click", (event) => cursor.click(place(event)));

  tell(frame, (event) => {
    const memory = reading?.trace.memory;
    if (!memory) return null;
    const { size, first, count, block } = grid(reading, layers);
    const middle = (Math.floor(cursor.at() / block) - first + 0.5) * size;
    const { x, y } = event ? placeOn(triangle, event) : { x: middle, y: middle };
    const [row, column] = [y, x].map((place) => first + Math.floor(place / size));
    if (!(row >= first && row <= column && column < first + count)) return null;
    return { x, y, text: saysOf(reading, row, column) };
  });

  tell(lists, (event) => {
    const { matrix, block } = reading.trace.memory;
    return valueOn(lists, matrix.shape[0] - Math.floor(cursor.at() / block), event);
  });

  const draw = () => {
    const memory = reading?.trace.memory;
    if (!memory || !layers.width) return;
    const [n] = memory.matrix.shape;
    const { first, count } = grid(reading, layers);
    const colours = palette();
    ink = css(colours.ink);
    const most = scaleEnd(memory.matrix, store.get("scale"));
    const colour = diverging(colours);
    const image = cells(count, count, (row, column) =>
      column < row ? null : colour(root(memory.matrix[(first + row) * n + first + column] / most)));
    key(most);
    const context = layers.clear("base");
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, 0, layers.width, layers.height);
    context.strokeStyle = css(colours.muted);
    context.globalAlpha = 0.5;
    context.stroke(new Path2D(`M0,0 L${layers.width},${layers.height}`));
    words(context, reading, layers, css(colours.muted));
    point(cursor.at());
  };

  const key = (most) => {
    const { toward, against } = reading.ends;
    legend.replaceChildren(h("span", {}, h("b", {}, `− ${against}`), h("i", { class: "ramp two" }), h("b", {}, `+ ${toward}`)),
      h("span", {}, `deepest: ${endOf(most, store.get("scale"))}; colour grows with the square root`),
      h("span", {}, "down: words in order; right: time"));
  };
  store.watch(["scale"], () => draw());
  stretch.onChange(() => draw());

  const point = (t) => {
    const memory = reading?.trace.memory;
    if (!memory || t >= reading.length) return;
    const { size, first, block } = grid(reading, layers);
    const middle = ((t + 0.5) / block - first) * size;
    const context = layers.clear("over");
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.stroke(new Path2D(`M${middle},0 V${middle} H${layers.width}`));
    lists.replaceChildren(...remembered(reading, t));
  };

  return {
    parts: ["memory"],
    rows: () => rows(reading),
    point,
    show(next) {
      reading = next;
      const { memory } = reading.trace;
      id("memory").classList.toggle("brief", !memory);
      body.replaceChildren(...(memory ? [layout, legend, note] : [h("p", { class: "quiet" }, NONE)]));
      if (!memory) return;
      layers ??= new Layers(triangle, () => draw());
      layers.fit();
      note.textContent = memory.block > 1
        ? `The text is long: each square stands for ${memory.block} × ${memory.block} words, averaged.` : "";
      draw();
    },
    repaint: draw,
  };
}

/** The triangle: a row a word, or a block of words, and a column for each moment. */
function rows({ trace: { memory }, words }) {
  if (!memory) return [["this cell has no memory to tell apart by word"]];
  const [n] = memory.matrix.shape;
  const names = Array.from({ length: n }, (_, i) => words[i * memory.block].text);
  return [["of", ...names.map((name) => `after ${name}`)], ...names.map((name, row) => [name, ...memory.matrix.subarray(row * n, (row + 1) * n)])];
}

/** What row `row` still contributes at column `column`. */
function saysOf(reading, row, column) {
  const { matrix, block } = reading.trace.memory;
  const word = (at) => `“${reading.words[at * block].text}${block > 1 ? " …" : ""}”`;
  return `of ${word(row)}, after ${word(column)}: ${signed(matrix[row * matrix.shape[0] + column])} logits`;
}

/** The blocks of words that are shown: the first, how many, the words in each, and the pixels of one. */
function grid({ length, trace: { memory } }, layers) {
  const { block } = memory;
  const first = Math.floor(stretch.first() / block);
  const count = Math.ceil(stretch.end(length) / block) - first;
  return { block, first, count, size: layers.width / count };
}

/** Small values stay visible: the square root with the sign kept. */
const root = (value) => Math.sign(value) * Math.sqrt(Math.abs(value));

/** Names of the words that weigh most at the end, along the diagonal, where there is room. */
function words(context, reading, layers, colour) {
  const { size: side, first, block } = grid(reading, layers);
  const size = side / block;
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "right";
  let free = 0;
  const strong = new Set(reading.ranked(reading.ledger.words).slice(0, 12).map(({ t }) => t));
  reading.words.forEach((word, t) => {
    const left = (t - first * block) * size;
    const y = left + size / 2;
    if (y < free || y > layers.height || (!strong.has(t) && size < 14)) return;
    if (left < context.measureText(word.text).width + 6) return;
    context.fillText(word.text, left - 5, y + 4);
    free = y + 13;
  });
}

function remembered(reading, t) {
  const { matrix, retention, block } = reading.trace.memory;
  const [n] = matrix.shape;
  const column = Math.floor(t / block);
  const now = Array.from({ length: column + 1 }, (_, row) => ({ row, value: matrix[row * n + column] }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, REMEMBERED);
  const name = (row) => reading.words[row * block].text + (block > 1 ? " …" : "");
  const kept = reading.retained(t);
  const row = (values) => Array.from({ length: n - column }, (_, i) => values[column * n + column + i]);
  const left = row(retention);
  return [
    h("h3", {}, "Remembered now"),
    h("ol", {}, ...now.map(({ row, value }) => h("li", {}, h("span", {}, name(row)), h("b", {}, signed(value))))),
    h("h3", {}, `From “${reading.words[t].text}” on`),
    curve(spark(row(matrix)), (i) => `after ${name(column + i)}: ${signed(row(matrix)[i])} logits`),
    h("h3", {}, "Still in the cell"),
    curve(fade(left), (i) => `after ${name(column + i)}: ${percent(left[i])} still in the cell`),
    h("p", { class: "small quiet" }, half(left, block)),
    h("p", { class: "small quiet" }, kept === null ? "" : atEnd(kept, reading.trace.model.pooling)),
  ];
}

function atEnd(kept, pooling) {
  const said = `${percent(kept)} of what it wrote is still in the cell at the end`;
  return pooling === "last" ? `${said}.` : `${said}; the head reads every state, so what it has read keeps counting.`;
}

/** What each curve shows after so many words. */
const curves = new WeakMap();

function curve(svg, says) {
  curves.set(svg, says);
  return svg;
}

/** What the curve under a pointer shows there. */
function valueOn(lists, length, event) {
  const svg = event?.target.closest(".spark");
  if (!svg) return null;
  const i = Math.round((placeOn(svg, event).x / svg.clientWidth) * (length - 1));
  return { ...placeOn(lists, event), text: curves.get(svg)(Math.min(Math.max(i, 0), length - 1)) };
}

/** When half of what was written was gone. */
function half(left, block) {
  const gone = left.findIndex((share) => share < 0.5);
  if (gone < 0) return "More than half of it stays to the end.";
  return `Half of it is gone after ${block > 1 ? "about " : ""}${counted(Math.max(1, gone * block), "word")}.`;
}

/** The share that is left, from 0 to 1, as a filled curve. */
function fade(values) {
  const points = steady(values).map((value, i, { length }) => `${(i / (length - 1)) * 200},${54 - 52 * value}`).join(" ");
  return s("svg", { class: "spark", viewBox: "0 0 200 56", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("polygon", { class: "fade", points: `0,54 ${points} 200,54` }),
    s("line", { class: "axis", x1: 0, x2: 200, y1: 54, y2: 54, "vector-effect": "non-scaling-stroke" }),
    s("polyline", { class: "line", points, "vector-effect": "non-scaling-stroke" }));
}

/** A single value twice, so that there is a line to draw. */
const steady = (values) => (values.length > 1 ? values : [values[0], values[0]]);

function spark(values) {
  const most = largest(values);
  const points = steady(values).map((value, i, { length }) => `${(i / (length - 1)) * 200},${28 - (value / most) * 25}`);
  return s("svg", { class: "spark", viewBox: "0 0 200 56", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "axis middle", x1: 0, x2: 200, y1: 28, y2: 28, "vector-effect": "non-scaling-stroke" }),
    s("polyline", { class: "line", points: points.join(" "), "vector-effect": "non-scaling-stroke" }));
}
