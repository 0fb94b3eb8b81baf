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

export function mount({ ask, turned, putBeside, adopt, announce, fail }) {
  const word = h("b", { class: "word" });
  const typed = h("input", { type: "text", "aria-label": "replace by", placeholder: "replace by …", maxlength: 60 });
  const replace = h("button", { type: "submit" }, "replace");
  const said = h("span", { class: "quiet small", role: "status" });
  const rows = h("tbody");
  const head = ["change", "predicted", "actual", "through other words", "verdict", ""];
  const table = h("table", {}, h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))), rows);
  const scroll = h("div", { class: "scrolls", hidden: true }, table);
  const controls = h("form", { class: "controls", onsubmit: (event) => (event.preventDefault(), typed.value.trim() && run("replace")) },
    word,
    h("button", { type: "button", onclick: () => run("remove") }, "remove"),
    h("button", { type: "button", onclick: () => run("hide") }, "hide"),
    typed, replace, h("button", { type: "button", onclick: () => turn() }, "what would turn it?"), said);
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
      const { prediction } = await ask(changed);
      if (sameVerdict(before, reading)) add([row(before, { ...prediction, says: CHANGES[kind].says(text, instead), text: changed, words: [t] })]);
    } catch (error) {
      fail(error);
    }
  };

  /** Have the service look for the smallest changes that turn the verdict. */
  const turn = async () => {
    const before = reading;
    try {
      const { tried, label, turned: found } = await turned(before.text);
      if (!sameVerdict(before, reading)) return;
      said.textContent = found.length ? "" : `No change of up to four words was found that makes it anything but ${label}; ${tried} texts were read.`;
      if (found.length) add(found.map((one) => row(before, described(before, one))));
    } catch (error) {
      fail(error);
    }
  };

  const add = (made) => {
    rows.prepend(...made);
    scroll.hidden = false;
    announce(`${made[0].cells[0].innerText}: ${made[0].cells[4].innerText}`);
    scroll.scrollIntoView({ block: "center" });
  };

  const row = (before, { says, text, words, label, probabilities }) => {
    const predicted = words.length ? -words.reduce((sum, t) => sum + before.ledger.words[t], 0) : NaN;
    const actual = logitOf(probabilities, before.target) - before.trace.prediction.logit;
    const cells = [signed(predicted), signed(actual), signed(actual - predicted), `${label} ${percent(probabilities[label])}`];
    return h("tr", {},
      h("th", { scope: "row", class: "typed" }, says),
      ...cells.map((cell) => h("td", {}, cell)),
      h("td", {}, h("button", { type: "button", onclick: () => adopt(text) }, "read this"), " ",
        h("button", { type: "button", onclick: () => putBeside(text) }, "beside")));
  };

  return {
    rows: () => [head.slice(0, -1), ...Array.from(rows.children, ({ cells }) => Array.from(cells, (cell) => cell.innerText).slice(0, -1))],
    point: (t) => (word.textContent = reading?.words[t]?.text ?? ""),
    show(next) {
      if (reading && !sameVerdict(reading, next)) rows.replaceChildren();
      scroll.hidden = !rows.children.length;
      said.textContent = "";
      reading = next;
      word.textContent = reading.words[cursor.at()]?.text ?? "";
    },
    remove: () => run("remove"),
  };
}

/** A change that the service has found: what it says, and the words that it changes. */
function described(reading, { changes, text, label, probabilities }) {
  const at = (start) => reading.words.findIndex((word) => start >= word.start && start < word.end);
  const says = changes.map(({ start, end, instead }) => {
    const word = reading.words[at(start)].text;
    if (end === start) return `“${instead.trim()}” before “${word}”`;
    return instead ? CHANGES.replace.says(word, instead) : CHANGES.remove.says(word);
  });
  const words = changes.filter(({ start, end }) => end > start).map(({ start }) => at(start));
  return { says: says.join(", "), words, text, label, probabilities };
}

/** The logit of a target, from probabilities. */
function logitOf(probabilities, { first, second }) {
  const others = Object.keys(probabilities).filter((label) => (second ? label === second : label !== first));
  return Math.log(probabilities[first]) - others.reduce((sum, label) => sum + Math.log(probabilities[label]), 0) / others.length;
}

/** Whether what is said of one reading holds for the other: the same text by the same model, explained the same way. */
function sameVerdict(one, two) {
  const of = ({ text, target, trace: { model } }) => [text, model.name, model.version, target.first, target.second].join("\n");
  return of(one) === of(two);
}
