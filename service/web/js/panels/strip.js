/** The strip that stays in sight: the verdict, the verdict so far as a small line, and everything about the word at the cursor. */

import * as cursor from "../cursor.js";
import { h, id, s } from "../dom.js";
import { percent } from "../format.js";
import { placeOn, tell } from "../values.js";

const WIDTH = 1000;
const HEIGHT = 28;

export function mount() {
  const verdict = h("strong", {});
  const odds = h("div", { class: "odds", "aria-hidden": "true" }, h("span"));
  const sentence = h("span", { class: "quiet", "aria-hidden": "true" });
  const line = s("polyline", { class: "line", "vector-effect": "non-scaling-stroke" });
  const mark = s("line", { class: "cursor-line", y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" });
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "axis middle", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2, "vector-effect": "non-scaling-stroke" }), line, mark);
  const host = id("strip");
  host.append(h("div", { class: "answer" }, verdict, odds), picture, sentence);
  let reading = null;

  const wordAt = (event) => {
    return Math.floor((placeOn(picture, event).x / picture.clientWidth) * reading.length);
  };
  tell(picture, (event) => {
    const t = reading && event ? wordAt(event) : -1;
    if (!reading?.words[t]) return null;
    return { x: placeOn(picture, event).x, y: picture.clientHeight + 44, text: `after “${reading.words[t].text}”: ${percent(reading.running.p[t], 1)} ${reading.target.first}` };
  });
  picture.addEventListener("pointermove", (event) => reading && event.pointerType === "mouse" && cursor.hover(wordAt(event)));
  picture.addEventListener("click", (event) => reading && cursor.click(wordAt(event)));

  const x = (t) => ((t + 0.5) / reading.length) * WIDTH;
  return {
    light: true,
    point(t) {
      if (!reading || t >= reading.length) return;
      mark.setAttribute("transform", `translate(${x(t)} 0)`);
      sentence.textContent = reading.sentence(t);
    },
    show(next) {
      reading = next;
      const { label, probabilities } = reading.trace.prediction;
      verdict.textContent = `${label} ${percent(probabilities[label])}`;
      odds.firstChild.style.setProperty("--p", probabilities[reading.target.first]);
      line.setAttribute("points", Array.from(reading.running.p, (p, t) => `${x(t)},${HEIGHT - 1 - p * (HEIGHT - 2)}`).join(" "));
    },
  };
}
