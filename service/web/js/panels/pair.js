/** Another text beside the one above, read by the same model: words on one scale, verdicts, and the words that both have. */

import { interleaved, tint, wordsOf } from "../coloured.js";
import { h, id, s } from "../dom.js";
import { percent, signed } from "../format.js";
import { Reading, scaleEnd } from "../reading.js";
import * as store from "../store.js";

const DIFFERENCES = 8;
const WIDTH = 1000;
const HEIGHT = 80;

export function mount({ ask, announce, fail }) {
  const body = id("pair").querySelector(".body");
  const box = h("textarea", { rows: 2, "aria-label": "the other text", placeholder: "Paste or type another text", spellcheck: "false" });
  const figure = h("div", { class: "pair-figure" });
  body.append(h("form", { class: "controls", onsubmit: (event) => (event.preventDefault(), read()) }, box, h("button", {}, "read it beside")), figure);
  let mine = null;
  let other = null;

  const read = async () => {
    if (!box.value.trim()) return;
    try {
      other = new Reading(await ask(box.value), box.value);
      draw();
      const { label, probabilities } = other.trace.prediction;
      announce(`the other text: ${label} ${percent(probabilities[label])}`);
    } catch (error) {
      fail(error);
    }
  };

  const draw = () => {
    const most = scaleEnd([...mine.ledger.words, ...other.ledger.words], store.get("scale"));
    figure.replaceChildren(
      column("this text", mine, most), column("the other text", other, most),
      h("section", {}, h("h3", {}, "Verdict so far, from the first word of each to its last; dashed: the other text"), lines(mine, other)),
      h("section", {}, h("h3", {}, "Words of both texts whose shares differ most"), table(mine, other)));
  };

  return {
    rows: () => (other ? [["word", "this text", "the other text"], ...together(mine, other)] : []),
    show(next) {
      const before = mine?.trace.model.name;
      mine = next;
      if (!other) return;
      if (before === next.trace.model.name) draw();
      else read();
    },
    /** Read a text beside the one above. */
    put(text) {
      box.value = text;
      id("pair").scrollIntoView({ block: "nearest" });
      return read();
    },
  };
}

function column(title, reading, most) {
  const { label, probabilities } = reading.trace.prediction;
  const spans = wordsOf(reading);
  tint(spans, reading.ledger.words, most);
  spans.forEach((span, t) => (span.title = `${signed(reading.ledger.words[t])} logits`));
  return h("section", {}, h("h3", {}, `${title}: ${label} ${percent(probabilities[label])}`),
    h("div", { class: "words", tabindex: 0, role: "region", "aria-label": title }, ...interleaved(reading, spans)));
}

function lines(mine, other) {
  const points = ({ running: { p }, length }) =>
    Array.from(p, (share, t) => `${length > 1 ? (t / (length - 1)) * WIDTH : WIDTH / 2},${HEIGHT - share * HEIGHT}`).join(" ");
  const line = (reading, kind) => s("polyline", { class: kind, points: points(reading), "vector-effect": "non-scaling-stroke" });
  const rule = (share) => s("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT * share, y2: HEIGHT * share, "vector-effect": "non-scaling-stroke" });
  const end = ({ running: { p }, target: { first } }) => `${percent(p[p.length - 1])} ${first}`;
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `this text ends at ${end(mine)}, the other at ${end(other)}` },
  rule(0), rule(0.5), rule(1), line(other, "line other"), line(mine, "line"));
}

function table(mine, other) {
  const rows = together(mine, other).sort((a, b) => Math.abs(b[1] - b[2]) - Math.abs(a[1] - a[2])).slice(0, DIFFERENCES);
  if (!rows.length) return h("p", { class: "quiet" }, "They have no word in common.");
  return h("table", {}, h("thead", {}, h("tr", {}, ...["word", "this text", "the other text", "difference"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows.map(([word, here, there]) =>
      h("tr", {}, h("th", { scope: "row", class: "typed" }, word), ...[here, there, there - here].map((share) => h("td", {}, signed(share)))))));
}

/** The longest run of words that both texts have in the same order, with their shares: `[word, here, there]`. */
function together(mine, other) {
  const [a, b] = [mine, other].map(({ words }) => words.map(({ text }) => text.toLowerCase()));
  const wide = b.length + 1;
  const length = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const at = i * wide + j;
      length[at] = a[i] === b[j] ? length[at + wide + 1] + 1 : Math.max(length[at + wide], length[at + 1]);
    }
  }
  const found = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length;) {
    const at = i * wide + j;
    if (a[i] === b[j]) found.push([mine.words[i].text, mine.ledger.words[i++], other.ledger.words[j++]]);
    else if (length[at + wide] >= length[at + 1]) i += 1;
    else j += 1;
  }
  return found;
}
