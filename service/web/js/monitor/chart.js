// A small line chart in SVG: a few series over the same five minutes, the newest at the right.

import { h, s } from "../dom.js";

const WIDTH = 300;
const HEIGHT = 80;
const FEWEST = 30;

export class Chart {
  /** `series` are names; `show` writes a value; `least` is the smallest top of the scale. */
  constructor(title, series, show, least) {
    this.show = show;
    this.least = least;
    this.values = series.map(() => []);
    this.top = h("span", { class: "quiet small" });
    this.lines = series.map((_, index) => s("path", { class: `line line-${index % 4}` }));
    this.legend = series.map((name, index) => h("li", { class: `small line-${index % 4}` }, h("span", {}, name), " ", h("b", {}, "–")));
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(...[0, HEIGHT / 2, HEIGHT].map((y) => s("path", { class: "grid", d: `M0 ${y}H${WIDTH}` })), ...this.lines);
    this.figure = h("figure", { class: "chart" }, h("figcaption", {}, h("b", {}, title), this.top), svg, h("ul", {}, ...this.legend));
  }

  /** Add one value a series (null: nothing to show) and drop those older than `length` moments. */
  add(values, length) {
    values.forEach((value, index) => {
      this.values[index].push(value);
      if (this.values[index].length > length) this.values[index].shift();
      this.legend[index].lastChild.textContent = value === null ? "–" : this.show(value);
    });
    this.draw();
  }

  draw() {
    const length = Math.max(FEWEST, this.values[0].length);
    const highest = Math.max(this.least, ...this.values.flat().filter((value) => value !== null));
    this.top.textContent = `to ${this.show(highest)}`;
    this.lines.forEach((line, index) => line.setAttribute("d", path(this.values[index], length, highest)));
  }
}

function path(values, length, highest) {
  const first = length - values.length;
  let drawn = "";
  let open = false;
  values.forEach((value, index) => {
    if (value === null) {
      open = false;
      return;
    }
    const x = ((first + index) / (length - 1)) * WIDTH;
    const y = HEIGHT - (Math.min(value, highest) / highest) * HEIGHT;
    drawn += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    open = true;
  });
  return drawn;
}
