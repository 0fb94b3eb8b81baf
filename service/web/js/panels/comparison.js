/** What every model says, and two of them word by word on one scale. */

import * as cursor from "../cursor.js";
import { h, id, s } from "../dom.js";
import { percent, signed } from "../format.js";
import { largest } from "../reading.js";

const DIFFERENCES = 12;

export function mount() {
  const body = id("comparison").querySelector(".body");
  const opinions = h("div", { class: "opinions" });
  const sides = h("div", { class: "scrolls" });
  body.append(opinions, sides);
  let reading = null;
  let other = null;
  let predictions = [];

  return {
    rows: () => (other ? words(reading, other) : predictions.map(({ model, label, probabilities }) => [model, label, probabilities[label]])),
    show(next) {
      reading = next;
    },
    opinions(next) {
      predictions = next;
      opinions.replaceChildren(...predictions.map((one) => opinion(one, reading.target.first)));
    },
    beside(others, chosen) {
      const both = others.get(chosen);
      other = both?.length === reading.length ? both : null;
      id("comparison-says").textContent = other
        ? `Where ${reading.trace.model.name} and ${other.trace.model.name} differ most in what each word brought, both on one scale.`
        : "What every model that is served says of this text. Choose a second model at the top to see the words where they part.";
      sides.replaceChildren(...(other ? [differences(reading, other)] : []));
    },
  };
}

function opinion({ model, version, label, probabilities, abstain }, first) {
  const odds = h("div", { class: "odds", "aria-hidden": "true" }, h("span"));
  odds.firstChild.style.setProperty("--p", probabilities[first] ?? 0);
  return h("div", {}, h("span", { class: "quiet" }, `${model} v${version} `), h("b", {}, `${label} ${percent(probabilities[label])}`), abstain ? h("span", { class: "quiet small" }, " unsure") : null, odds);
}

function words(one, two) {
  const column = (reading) => `share in ${reading.trace.model.name}`;
  return [["word", column(one), column(two)], ...one.words.map(({ text }, t) => [text, one.ledger.words[t], two.ledger.words[t]])];
}

/** The words with the largest difference of shares. */
function differences(one, two) {
  const [mine, theirs] = [one, two].map((reading) => reading.ledger.words);
  const most = Math.max(largest(mine), largest(theirs));
  const ranked = one.ranked(Array.from(mine, (value, t) => value - theirs[t])).slice(0, DIFFERENCES).sort((a, b) => a.t - b.t);
  const model = (reading) => reading.trace.model.name;
  const head = h("tr", {}, h("th", { scope: "col" }, "word"), h("th", { scope: "col" }, model(one)), h("th", { scope: "col" }, model(two)),
    h("th", { scope: "col", class: "left" }, `← ${one.ends.against}, ${one.ends.toward} →; ${model(one)} filled, ${model(two)} outlined`));
  return h("table", { class: "bars" },
    h("caption", { class: "seen-by-readers" }, "Shares in two models"),
    h("thead", {}, head),
    h("tbody", {}, ...ranked.map(({ t }) => h("tr", {},
      h("th", { scope: "row", class: "typed" },
        h("button", { type: "button", title: "put the cursor there", onclick: () => cursor.click(t) }, one.words[t].text)),
      h("td", {}, signed(mine[t])), h("td", {}, signed(theirs[t])),
      h("td", { class: "bar" }, bars(mine[t] / most, theirs[t] / most))))));
}

function bars(mine, theirs) {
  const bar = (value, y, kind) => s("rect", {
    class: `${kind} ${value < 0 ? "against" : "toward"}`,
    x: value < 0 ? 100 + 98 * value : 100, width: 98 * Math.abs(value), y, height: 9,
  });
  return s("svg", { viewBox: "0 0 200 24", preserveAspectRatio: "none", height: 24, "aria-hidden": "true" },
    s("line", { class: "axis middle", x1: 100, x2: 100, y1: 0, y2: 24 }), bar(mine, 2, "filled"), bar(theirs, 13, "outlined"));
}
