/** A line over the words: one place for a word on every chart, a cursor that moves without anything being drawn again. */

import * as cursor from "./cursor.js";
import { s } from "./dom.js";
import * as stretch from "./stretch.js";
import { placeOn, tell } from "./values.js";

const LEFT = 44;
const RIGHT = 14;
const BOTTOM = 22;
const TOP = 26;

export class Chart {
  /** An empty chart in `host`; `draw(chart)` fills it whenever the size or the words change, `says(t)` is what it shows at word t. */
  constructor(host, draw, says) {
    this.host = host;
    this.draw = draw;
    this.length = 0;
    this.says = says;
    new ResizeObserver(() => this.refresh()).observe(host);
    stretch.onChange(() => this.refresh());
    const word = (event) => this.wordAt(placeOn(host, event).x);
    tell(host, (event) => this.valueAt(event ? word(event) : cursor.at()));
    host.addEventListener("pointermove", (event) => event.pointerType === "mouse" && cursor.hover(word(event)));
    host.addEventListener("click", (event) => cursor.click(word(event)));
  }

  /** Draw `length` words. */
  over(length) {
    this.length = length;
    this.refresh();
  }

  refresh() {
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    if (!this.length || !this.width) return;
    this.first = stretch.first();
    this.end = stretch.end(this.length);
    this.svg = s("svg", { viewBox: `0 0 ${this.width} ${this.height}`, "aria-hidden": "true" });
    this.host.replaceChildren(this.svg);
    this.draw(this);
    this.mark = s("g", { class: "cursor" },
      s("line", { class: "cursor-line", y1: TOP - 8, y2: this.height - BOTTOM }),
      s("circle", { class: "cursor-dot", r: 4, cy: -99 }));
    this.svg.append(this.mark);
    this.point(cursor.at());
  }

  /** The middle of word t. */
  x(t) {
    return LEFT + ((t + 0.5 - this.first) / (this.end - this.first)) * (this.width - LEFT - RIGHT);
  }

  /** The place of a share of the height: 0 is the bottom, 1 the top. */
  y(share) {
    return this.height - BOTTOM - share * (this.height - BOTTOM - TOP);
  }

  wordAt(x) {
    return this.first + Math.floor(((x - LEFT) / (this.width - LEFT - RIGHT)) * (this.end - this.first));
  }

  valueAt(t) {
    if (!(t >= this.first && t < this.end)) return null;
    return { x: this.x(t), y: this.y(this.heightAt(t)), text: this.says(t) };
  }

  /** The points of a line: `share(t)` is its height. */
  points(share) {
    return Array.from({ length: this.end - this.first }, (_, i) => this.first + i)
      .map((t) => `${this.x(t).toFixed(1)},${this.y(share(t)).toFixed(2)}`);
  }

  /** A horizontal line with what it means. */
  rule(share, label, kind = "axis") {
    const y = this.y(share);
    this.svg.append(
      s("line", { class: kind, x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }),
      s("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, label),
    );
  }

  /** Words under the axis: `left` at the first word, `right` at the last. */
  foot(left, right) {
    const y = this.height - 4;
    this.svg.append(
      s("text", { x: LEFT, y }, left),
      s("text", { x: this.width - RIGHT, y, "text-anchor": "end" }, right),
    );
  }

  /** Put the cursor on word t, its dot at `heightAt(t)`. */
  point(t) {
    if (!this.mark || t < this.first || t >= this.end) return;
    this.mark.setAttribute("transform", `translate(${this.x(t)} 0)`);
    const height = this.heightAt?.(t);
    this.mark.lastChild.setAttribute("cy", height === undefined ? -99 : this.y(height));
  }
}
