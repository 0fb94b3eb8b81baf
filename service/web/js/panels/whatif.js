/** Remove, hide or replace the word at the cursor: what the ledger predicts against what happens. */

import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, signed } from "../format.js";

const UNKNOWN = "▒";

/** The ways to change a word: the text that stands for it, and what it is called. */
const CHANGES = {
  remove: { text: () => "", says: (word) => `without “${word}”` },
  hide: { text: () => UNKNOWN, says: (word) => `“${word}” hidden` },
  replace: { text: (typed) => typed, says: (word, typed) => `“${word}” → “${typed}”` },
};

export function mount({ ask, adopt, announce, fail }) {
  const word = h("b", { class: "word" });
  const typed = h("input", { type: "text", "aria-label": "replace by", placeholder: "replace by …", maxlength: 60 });
  const replace = h("button", { type: "submit" }, "replace");
  const rows = h("tbody");
  const head = ["change", "predicted", "actual", "through other words", "verdict", ""];
  const table = h("table", {}, h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))), rows);
  const scroll = h("div", { class: "scrolls", hidden: true }, table);
  const controls = h("form", { class: "controls", onsubmit: (event) => (event.preventDefault(), typed.value.trim() && run("replace")) },
    word,
    h("button", { type: "button", onclick: () => run("remove") }, "remove"),
    h("button", { type: "button", onclick: () => run("hide") }, "hide"),
    typed, replace);
  id("whatif").querySelector(".body").append(controls, scroll);
  let reading = null;

  const run = async (kind) => {
    const t = cursor.at();
    const { start, end, text } = reading.words[t];
    const points = Array.from(reading.text);
    const instead = CHANGES[kind].text(typed.value.trim());
    const changed = [...points.slice(0, start), instead, ...points.slice(end)].join("");
    const before = reading;
    try {
      const after = await ask(changed);
      if (!sameVerdict(before, reading)) return;
      rows.prepend(row(before, after, t, CHANGES[kind].says(text, instead), changed));
      scroll.hidden = false;
      const { label, probabilities } = after.prediction;
      announce(`${CHANGES[kind].says(text, instead)}: ${label} ${percent(probabilities[label])}`);
      scroll.scrollIntoView({ block: "center" });
    } catch (error) {
      fail(error);
    }
  };

  const row = (before, after, t, says, changed) => {
    const predicted = -before.ledger.words[t];
    const actual = after.prediction.logit - before.trace.prediction.logit;
    const { label, probabilities } = after.prediction;
    const cells = [signed(predicted), signed(actual), signed(actual - predicted), `${label} ${percent(probabilities[label])}`];
    return h("tr", {},
      h("th", { scope: "row", class: "typed" }, says),
      ...cells.map((cell) => h("td", {}, cell)),
      h("td", {}, h("button", { type: "button", onclick: () => adopt(changed) }, "read this")));
  };

  return {
    rows: () => [head.slice(0, -1), ...Array.from(rows.children, ({ cells }) => Array.from(cells, (cell) => cell.innerText).slice(0, -1))],
    point: (t) => (word.textContent = reading?.words[t]?.text ?? ""),
    show(next) {
      if (reading && !sameVerdict(reading, next)) rows.replaceChildren();
      scroll.hidden = !rows.children.length;
      reading = next;
      word.textContent = reading.words[cursor.at()]?.text ?? "";
    },
    remove: () => run("remove"),
  };
}

/** Whether what is said of one reading holds for the other: the same text by the same model, explained the same way. */
function sameVerdict(one, two) {
  const of = ({ text, target, trace: { model } }) => [text, model.name, model.version, target.first, target.second].join("\n");
  return of(one) === of(two);
}
