/** The parts that the cell drawings are made of. Each returns its elements and takes a value with `set`. */

import { s } from "./dom.js";
import { plain, signed } from "./format.js";

const WIDTH = 78;
const HEIGHT = 46;

/** A box that squashes: a gate shows its level, 0 empty and 1 full; a candidate only its number. */
export function box(x, y, name, fun, isGate = true) {
  const value = s("text", { class: "value", x, y: y + 37, "text-anchor": "middle" });
  const level = s("rect", { class: "gate-level", x: x - WIDTH / 2, y, width: 0, height: HEIGHT, rx: 5 });
  const element = s("g", {},
    s("rect", { class: isGate ? "gate-box" : "squash", x: x - WIDTH / 2, y, width: WIDTH, height: HEIGHT, rx: 6 }),
    isGate ? level : null,
    s("text", { class: "name", x, y: y + 18, "text-anchor": "middle" }, name),
    value,
    s("text", { class: "fun", x: x + 7, y: y + HEIGHT + 15 }, fun));
  const set = (number) => {
    value.textContent = isGate ? plain(number) : signed(number);
    level.setAttribute("width", isGate && Number.isFinite(number) ? WIDTH * Math.min(1, Math.max(0, number)) : 0);
  };
  return { element, set };
}

/** A wire along `path`; the larger the value that flows, the thicker. */
export function wire(path, { gated = false, arrow = false } = {}) {
  const line = s("path", { class: gated ? "wire gated" : "wire", d: path, "stroke-width": 1.75 });
  const element = s("g", {}, line, arrow ? head(path) : null);
  return { element, set: (number) => line.setAttribute("stroke-width", 1.25 + 4 * Math.min(1, Math.abs(number) || 0)) };
}

function head(path) {
  const [x, y] = path.trim().split(/[\sMLHV]+/).pop().split(",").map(Number);
  return s("path", { class: "head", d: `M${x + 9},${y} l-11,-7 v14 z` });
}

/** A circle where two wires meet: `×`, `+`, `1−`. */
export function operator(x, y, symbol) {
  return s("g", {},
    s("circle", { class: "operator", cx: x, cy: y, r: 12 }),
    s("text", { class: symbol.length > 1 ? "symbol long" : "symbol", x, y: y + (symbol.length > 1 ? 4.5 : 5.5), "text-anchor": "middle" }, symbol));
}

/** `tanh` on its own. */
export function squash(x, y) {
  return s("g", {},
    s("rect", { class: "squash", x: x - 24, y: y - 12, width: 48, height: 24, rx: 12 }),
    s("text", { class: "name", x, y: y + 4, "text-anchor": "middle" }, "tanh"));
}

/** A number on a wire, with its name before it or above it. */
export function label(x, y, name, { anchor = "middle", above = false } = {}) {
  const value = s("tspan", { class: "value" });
  const text = above
    ? s("g", {}, s("text", { x, y: y - 17, "text-anchor": anchor }, name),
        s("text", { class: "halo", x, y: y + 23, "text-anchor": anchor }, value))
    : s("text", { class: "halo", x, y, "text-anchor": anchor }, name ? `${name} ` : "", value);
  const set = (number) => {
    value.textContent = signed(number);
    text.toggleAttribute("hidden", !Number.isFinite(number));
  };
  return { element: text, set };
}

/** The word that is read, under the arrow that brings it in. */
export function read(x, y, to) {
  const word = s("text", { class: "read", x: x + 12, y: y + 1 });
  const element = s("g", {}, s("path", { class: "wire", d: `M${x},${y} V${to}`, "stroke-width": 1.75 }), word);
  return { element, set: (text) => (word.textContent = text.length > 18 ? `${text.slice(0, 17)}…` : text) };
}

/** The rounded frame of the cell. */
export function frame(height) {
  return s("rect", { class: "frame", x: 90, y: 22, width: 420, height, rx: 14 });
}

/** A drawing: static elements and bound ones; `set` gives each bound one the value of its name. */
export function drawing(height, fixed, bound) {
  const elements = Object.values(bound).flat();
  for (const [name, parts] of Object.entries(bound)) for (const { element } of [parts].flat()) element.dataset.part = name;
  const wires = elements.filter(({ element }) => element.querySelector(".wire"));
  const others = elements.filter((part) => !wires.includes(part));
  const svg = s("svg", { viewBox: `0 0 600 ${height}`, role: "img" },
    ...wires.map(({ element }) => element), ...fixed, ...others.map(({ element }) => element));
  const set = (values) => {
    for (const [name, parts] of Object.entries(bound)) for (const part of [parts].flat()) part.set(values[name]);
  };
  return { svg, set };
}
