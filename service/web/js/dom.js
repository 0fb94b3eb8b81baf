/** Making elements. Text is always set as text, so nothing that a person typed is ever read as markup. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with properties (`class`, `dataset`, `on…`, any other as an attribute) and children. */
export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** An SVG element with attributes and children. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with this id; the page always has it. */
export function id(name) {
  return document.getElementById(name);
}
