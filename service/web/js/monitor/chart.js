// A small line chart in SVG: a few series over the same minutes of the clock, the newest at the right.

import { h, s } from "../dom.js";

const WIDTH = 300;
const HEIGHT = 80;
/** Seconds that a chart shows, and the seconds between two values past which the line is broken. */
const SHOWN = 300;
const GAP = 10;

export class Chart {
  /** `series` are names; `show` writes a value; `least` is the smallest top of the scale. */
  constructor(title, series, show, least) {
    this.show = show;
    this.least = least;
    this.moments = [];
    this.top = h("span", { class: "quiet small" });
    this.lines = series.map((_, index) => s("path", { class: `line line-${index % 4}` }));
    this.legend = series.map((name, index) => h("li", { class: `small line-${index % 4}` }, h("span", {}, name), " ", h("b", {}, "–")));
    this.pointed = s("path", { class: "pointed" });
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(...[0, HEIGHT / 2, HEIGHT].map((y) => s("path", { class: "grid", d: `M0 ${y}H${WIDTH}` })), ...this.lines, this.pointed);
    this.axis = h("p", { class: "axis quiet small" }, h("span", {}), h("span", {}));
    this.figure = h("figure", { class: "chart" }, h("figcaption", {}, h("b", {}, title), this.top), svg, this.axis, h("ul", {}, ...this.legend));
    svg.addEventListener("pointermove", (event) => this.point(event.offsetX / svg.clientWidth));
    svg.addEventListener("pointerleave", () => this.point(null));
  }

  /** Add one value a series (null: nothing to show), read at a time of the clock in milliseconds. */
  add(values, time) {
    this.moments.push({ time, values });
    while (this.moments[0].time < time - 1000 * SHOWN) this.moments.shift();
    this.draw();
  }

  draw() {
    const { time: now } = this.moments.at(-1);
    const shown = this.moments.flatMap(({ values }) => values).filter((value) => value !== null);
    const highest = Math.max(this.least, ...shown);
    const x = (time) => WIDTH * (1 - (now - time) / (1000 * SHOWN));
    const y = (value) => HEIGHT - (Math.min(value, highest) / highest) * HEIGHT;
    this.top.textContent = `to ${this.show(highest)}`;
    this.lines.forEach((line, index) => line.setAttribute("d", path(this.moments, index, x, y)));
    this.axis.firstChild.textContent = clock(now - 1000 * SHOWN);
    this.axis.lastChild.textContent = clock(now);
    this.point(this.share ?? null);
  }

  /** Tell the values at a share of the width, or the newest. */
  point(share) {
    this.share = share;
    if (!this.moments.length) return;
    const { time: now } = this.moments.at(-1);
    const wanted = share === null ? now : now - (1 - share) * 1000 * SHOWN;
    const nearest = this.moments.reduce((best, one) => (Math.abs(one.time - wanted) < Math.abs(best.time - wanted) ? one : best));
    const there = Math.abs(nearest.time - wanted) <= 1000 * GAP;
    this.pointed.setAttribute("d", share === null ? "" : `M${(share * WIDTH).toFixed(1)} 0V${HEIGHT}`);
    nearest.values.forEach((value, index) => {
      this.legend[index].lastChild.textContent = there && value !== null ? this.show(value) : "–";
    });
    if (share !== null) this.axis.lastChild.textContent = `at ${clock(wanted)}`;
    else this.axis.lastChild.textContent = clock(now);
  }
}

function clock(time) {
  return new Date(time).toLocaleTimeString("en-GB");
}

/** A line through the values; broken where there was none, or where nothing was read for a while. */
function path(moments, index, x, y) {
  let drawn = "";
  let last = -Infinity;
  for (const { time, values } of moments) {
    if (values[index] === null) {
      last = -Infinity;
      continue;
    }
    drawn += `${time - last > 1000 * GAP ? "M" : "L"}${x(time).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    last = time;
  }
  return drawn;
}
