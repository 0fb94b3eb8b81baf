// A small line chart in SVG: a few series over the same time of the clock, the newest at the right.

import { h, s } from "../dom.js";

const WIDTH = 300;
const HEIGHT = 80;

export class Chart {
  /** `series` are names, six at most; `said` writes a value; `least` is the smallest top of the scale; over `bound` an alert holds. */
  constructor(title, series, said, least, bound = Infinity) {
    Object.assign(this, { said, least, bound, moments: [], events: [], share: null });
    this.top = h("span", { class: "quiet small" });
    this.lines = series.map((_, index) => s("path", { class: `line line-${index}` }));
    this.legend = series.map((name, index) => h("li", { class: `small line-${index}` }, h("span", {}, name), " ", h("b", {}, "–")));
    this.pointed = s("path", { class: "pointed" });
    this.marks = s("path", { class: "marks" });
    this.limit = s("path", { class: "bound" });
    const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", tabindex: "0", role: "img",
      "aria-label": `${title}: left and right arrows move through time` });
    svg.append(...[0, HEIGHT / 2, HEIGHT].map((y) => s("path", { class: "grid", d: `M0 ${y}H${WIDTH}` })),
      this.marks, this.limit, ...this.lines, this.pointed);
    this.axis = h("p", { class: "axis quiet small" }, h("span", {}), h("span", {}));
    this.happened = h("p", { class: "happened small" });
    this.figure = h("figure", { class: "chart" }, h("figcaption", {}, h("b", {}, title), this.top), svg, this.axis, h("ul", {}, ...this.legend), this.happened);
    svg.addEventListener("pointermove", (event) => this.point(event.offsetX / svg.clientWidth));
    svg.addEventListener("pointerdown", (event) => this.point(event.offsetX / svg.clientWidth));
    svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.point(null));
    svg.addEventListener("blur", () => this.point(null));
    svg.addEventListener("keydown", ({ key }) => this.step({ ArrowLeft: -1, ArrowRight: 1 }[key]));
  }

  /**
   * Show moments: `time` in milliseconds of the clock, one of `values` a series, null where there is nothing to show.
   * The line is broken where two are more than `gap` seconds apart. `events` have a `time` and what they `says`.
   */
  show(moments, { seconds, gap }, events) {
    if (!moments.length) return;
    const { time: now } = moments.at(-1);
    const within = events.filter(({ time }) => time > now - 1000 * seconds && time <= now);
    Object.assign(this, { moments, seconds, gap, events: within });
    this.draw();
  }

  draw() {
    const { time: now } = this.moments.at(-1);
    const shown = this.moments.flatMap(({ values }) => values).filter((value) => value !== null);
    const highest = Math.max(this.least, ...shown);
    const x = (time) => (WIDTH * (1 - (now - time) / (1000 * this.seconds))).toFixed(1);
    const y = (value) => (HEIGHT - (Math.min(value, highest) / highest) * HEIGHT).toFixed(1);
    this.top.textContent = [`to ${this.said(highest)}`, this.bound < Infinity && `alert over ${this.said(this.bound)}`].filter(Boolean).join(", ");
    this.limit.setAttribute("d", this.bound <= highest ? `M0 ${y(this.bound)}H${WIDTH}` : "");
    this.marks.setAttribute("d", this.events.map(({ time }) => `M${x(time)} 0V${HEIGHT}`).join(""));
    this.lines.forEach((line, index) => line.setAttribute("d", path(this.moments, index, x, y, 1000 * this.gap)));
    this.axis.firstChild.textContent = clock(now - 1000 * this.seconds);
    this.axis.lastChild.textContent = clock(now);
    this.point(this.share);
  }

  /** Tell the values at a share of the width, or the newest. */
  point(share) {
    this.share = share;
    if (!this.moments.length) return;
    const { time: now } = this.moments.at(-1);
    const wanted = share === null ? now : now - (1 - share) * 1000 * this.seconds;
    const nearest = this.moments[this.nearest(wanted)];
    const there = Math.abs(nearest.time - wanted) <= 1000 * this.gap;
    this.pointed.setAttribute("d", share === null ? "" : `M${(share * WIDTH).toFixed(1)} 0V${HEIGHT}`);
    nearest.values.forEach((value, index) => {
      this.legend[index].lastChild.textContent = there && value !== null ? this.said(value) : "–";
    });
    this.axis.lastChild.textContent = share === null ? clock(now) : `at ${clock(wanted)}`;
    const near = share === null ? [] : this.events.filter(({ time }) => Math.abs(time - wanted) < (20 * this.seconds));
    this.happened.textContent = near.map(({ time, says }) => `${clock(time)}: ${says}`).join("; ");
  }

  /** Tell the values of the moment before or after the one that is told. */
  step(direction) {
    if (!direction || !this.moments.length) return;
    const { time: now } = this.moments.at(-1);
    const length = 1000 * this.seconds;
    const told = this.share === null ? this.moments.length - 1 : this.nearest(now - (1 - this.share) * length) + direction;
    const { time } = this.moments[Math.min(Math.max(told, 0), this.moments.length - 1)];
    this.point(1 - (now - time) / length);
  }

  /** The place of the moment that is nearest to a time. */
  nearest(wanted) {
    const away = ({ time }) => Math.abs(time - wanted);
    return this.moments.reduce((best, one, i) => (away(one) < away(this.moments[best]) ? i : best), 0);
  }
}

/** A time of the day, in milliseconds of the clock, as people read it. */
export function clock(time) {
  return new Date(time).toLocaleTimeString("en-GB");
}

/** A line through the values; broken where there was none, or where nothing was read for a while. */
function path(moments, index, x, y, gap) {
  let drawn = "";
  let last = -Infinity;
  for (const { time, values } of moments) {
    if (values[index] === null) {
      last = -Infinity;
      continue;
    }
    drawn += `${time - last > gap ? "M" : "L"}${x(time)} ${y(values[index])}`;
    last = time;
  }
  return drawn;
}
