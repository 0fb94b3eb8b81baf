/** The strip that stays in sight: the verdict, the verdict so far as a small line, and everything about the word at the cursor. */

import * as cursor from "../cursor.js";
import { h, id, s } from "../dom.js";
import { percent } from "../format.js";
import * as stretch from "../stretch.js";
import { placeOn, tell } from "../values.js";

const WIDTH = 1000;
const HEIGHT = 28;
/** Pixels past which a press is no click. */
const MOVED = 6;

export function mount() {
  const verdict = h("strong", {});
  const unsure = h("span", { class: "unsure" });
  const odds = h("div", { class: "odds", "aria-hidden": "true" }, h("span"));
  const sentence = h("span", { class: "quiet", "aria-hidden": "true" });
  const line = s("polyline", { class: "line", "vector-effect": "non-scaling-stroke" });
  const mark = s("line", { class: "cursor-line", y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" });
  const shown = s("rect", { class: "shown", y: 0, height: HEIGHT, "vector-effect": "non-scaling-stroke" });
  const all = h("button", { type: "button", hidden: true, onclick: stretch.whole }, "all words");
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "axis middle", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2, "vector-effect": "non-scaling-stroke" }), shown, line, mark);
  const host = id("strip");
  host.append(h("div", { class: "answer" }, verdict, " ", unsure, odds), picture, sentence, all);
  let reading = null;
  let below = new Map();

  /** Show what is said of the text as it is typed. */
  const answer = ({ label, probabilities, model }) => {
    verdict.textContent = `${label} ${percent(probabilities[label])}`;
    odds.firstChild.style.setProperty("--p", probabilities[reading?.target.first ?? label]);
    unsure.textContent = probabilities[label] < below.get(model) ? "unsure" : "";
    unsure.title = unsure.textContent && `Under ${percent(below.get(model), 1)} this model is not right often enough to be relied on: its answers say abstain.`;
  };

  const wordAt = (event) => {
    return Math.floor((placeOn(picture, event).x / picture.clientWidth) * reading.length);
  };
  tell(picture, (event) => {
    const t = reading && event ? wordAt(event) : -1;
    if (!reading?.words[t]) return null;
    return { x: placeOn(picture, event).x, y: picture.clientHeight + 44, text: `after “${reading.words[t].text}”: ${percent(reading.running.p[t], 1)} ${reading.target.first}` };
  });
  picture.addEventListener("pointermove", (event) => reading && event.pointerType === "mouse" && cursor.hover(wordAt(event)));
  brush(picture, wordAt);
  picture.addEventListener("dblclick", stretch.whole);
  stretch.onChange(() => {
    all.hidden = !stretch.isPart();
    shown.setAttribute("x", (stretch.first() / reading.length) * WIDTH);
    shown.setAttribute("width", all.hidden ? 0 : ((stretch.end(reading.length) - stretch.first()) / reading.length) * WIDTH);
  });

  const x = (t) => ((t + 0.5) / reading.length) * WIDTH;
  return {
    light: true,
    answer,
    /** The cards of all models that are served. */
    grade(cards) {
      below = new Map(cards.toSorted((a, b) => a.version - b.version).map(({ name, abstain }) => [name, abstain?.below]));
      answer({ ...reading.trace.prediction, model: reading.trace.model.name });
    },
    point(t) {
      if (!reading || t >= reading.length) return;
      mark.setAttribute("transform", `translate(${x(t)} 0)`);
      sentence.textContent = reading.sentence(t);
    },
    show(next) {
      reading = next;
      answer({ ...reading.trace.prediction, model: reading.trace.model.name });
      line.setAttribute("points", Array.from(reading.running.p, (p, t) => `${x(t)},${HEIGHT - 1 - p * (HEIGHT - 2)}`).join(" "));
    },
  };
}

/** A click puts the cursor on a word; pressing and moving marks the words that the pictures show. */
function brush(picture, wordAt) {
  let from = null;
  let place = 0;
  picture.addEventListener("pointerdown", (event) => {
    from = wordAt(event);
    place = event.clientX;
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (from === null || Math.abs(event.clientX - place) < MOVED) return;
    const to = wordAt(event);
    stretch.show(Math.min(from, to), Math.max(from, to) + 1);
  });
  picture.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - place) < MOVED) cursor.click(from);
    from = null;
  });
  picture.addEventListener("pointercancel", () => (from = null));
}
