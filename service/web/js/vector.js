/** A panel as it stands on the screen, as one SVG that every program opens: boxes, words and pictures, all colours written out. */

import { s } from "./dom.js";

/** What is no part of the figure: controls, explanations, the cursor, what only readers of the screen have. */
const LEFT_OUT = ".how, .save, .views, .chooser, .controls, .actions, label, select, .seen-by-readers, .cursor, .cursor-frame, canvas.over";
const OF_A_SHAPE = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "paint-order",
  "vector-effect", "font-family", "font-size", "font-weight", "font-style"];

const pencil = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** The SVG element of a panel, all of it, also what scrolls. */
export function picture(panel) {
  panel.classList.add("saving");
  const { left, top, width, height } = panel.getBoundingClientRect();
  const svg = s("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `${left} ${top} ${width} ${height}`, width, height });
  draw(panel, svg);
  panel.classList.remove("saving");
  return svg;
}

/** Draw a node and all in it, where it stands on the screen. */
function draw(node, svg) {
  if (node.nodeType === Node.TEXT_NODE) return words(node, svg);
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches(LEFT_OUT) || !node.checkVisibility()) return;
  if (node.localName === "svg") return svg.append(shape(node));
  if (node.localName === "canvas") return svg.append(s("image", { ...bounds(node), href: node.toDataURL() }));
  const style = getComputedStyle(node);
  for (const box of node.getClientRects()) boxes(box, style, svg);
  mark(node, svg);
  for (const child of node.childNodes) draw(child, svg);
}

function bounds(node) {
  const { left: x, top: y, width, height } = node.getBoundingClientRect();
  return { x, y, width, height };
}

/** Ground, border and gradient of a box. */
function boxes({ left, top, width, height }, style, svg) {
  const border = parseFloat(style.borderTopWidth);
  const whole = { x: left, y: top, width, height, rx: parseFloat(style.borderTopLeftRadius) };
  const fill = written(style.backgroundColor);
  if (fill !== "none" || border) {
    svg.append(s("rect", { ...whole, fill, stroke: border ? written(style.borderTopColor) : "none", "stroke-width": border }));
  } else if (parseFloat(style.borderBottomWidth)) {
    svg.append(s("path", { d: `M${left},${top + height} h${width}`, stroke: written(style.borderBottomColor) }));
  }
  if (style.textDecorationStyle === "dotted") {
    svg.append(s("path", { d: `M${left},${top + 0.95 * height} h${width}`, stroke: written(style.textDecorationColor), "stroke-width": 2, "stroke-dasharray": "2 2" }));
  }
  const stops = style.backgroundImage.match(/(?:rgba?|color)\([^)]*\)/g);
  if (!stops) return;
  const high = parseFloat(style.backgroundSize.split(" ")[1]);
  const strip = Number.isFinite(high) ? { y: top + height - high, height: high, rx: 0 } : {};
  svg.append(s("rect", { ...whole, ...strip, fill: gradient(stops, svg) }));
}

/** A gradient from left to right. */
function gradient(stops, svg) {
  if (new Set(stops).size === 1) return written(stops[0]);
  const id = `gradient-${svg.querySelectorAll("linearGradient").length}`;
  const offset = (i) => i / (stops.length - 1);
  svg.append(s("linearGradient", { id }, ...stops.map((stop, i) => s("stop", { offset: offset(i), "stop-color": written(stop) }))));
  return `url(#${id})`;
}

/** The sign above a word. */
function mark(node, svg) {
  const style = getComputedStyle(node, "::after");
  if (!style.content.startsWith('"')) return;
  const { x, y } = bounds(node);
  const size = parseFloat(style.fontSize);
  svg.append(text(JSON.parse(style.content), x + parseFloat(style.left), y + parseFloat(style.top) + 0.8 * size, style, "middle"));
}

/** The words of a text node, each where its line has it. */
function words(node, svg) {
  const style = getComputedStyle(node.parentElement);
  const range = document.createRange();
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const [box] = range.getClientRects();
    if (box) svg.append(text(word, box.left, baseline(box, style), style));
  }
}

function baseline({ top, height }, style) {
  pencil.font = style.font;
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = pencil.measureText("x");
  return top + (height * above) / (above + below);
}

function text(word, x, y, style, anchor = "start") {
  return s("text", { x, y, fill: written(style.color), "text-anchor": anchor, "font-family": style.fontFamily,
    "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle }, word);
}

/** A drawing of the page with what its style sheet says written into it. */
function shape(svg) {
  const copy = svg.cloneNode(true);
  const styled = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const style = getComputedStyle(styled[i]);
    for (const name of OF_A_SHAPE) element.setAttribute(name, /^(fill|stroke)$/.test(name) ? written(style[name]) : style[name]);
    element.removeAttribute("class");
  });
  for (const [name, value] of Object.entries({ ...bounds(svg), overflow: "visible" })) copy.setAttribute(name, value);
  styled.forEach((element, i) => element.matches(LEFT_OUT) && copy.querySelectorAll("*")[i - 1]?.setAttribute("display", "none"));
  return copy;
}

/** A colour as `#rrggbb`, `rgba(…)`, or `none`. */
function written(colour) {
  if (colour === "none") return "none";
  pencil.clearRect(0, 0, 1, 1);
  pencil.fillStyle = colour;
  pencil.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pencil.getImageData(0, 0, 1, 1).data;
  if (!alpha) return "none";
  return `rgb(${red} ${green} ${blue}${alpha < 255 ? ` / ${(alpha / 255).toFixed(3)}` : ""})`;
}
