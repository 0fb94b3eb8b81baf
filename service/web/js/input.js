/** Where the text comes from: typed, pasted, an example, or one that was read before. */

import { h, id } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { counted } from "./format.js";
import * as store from "./store.js";
import * as texts from "./texts.js";

const box = id("text");
const chooser = id("example");
const CALLED = 48;

/** Set up the text box; `read(typing)` is called when the text has changed, `typing` while keys are pressed. */
export function mount(read) {
  restore();
  chooser.addEventListener("change", () => {
    const { value } = chooser;
    if (value === "forget") texts.forget();
    else if (value.startsWith("kept")) own(texts.all()[Number(value.slice(4))], true);
    else store.set({ example: value, text: "", word: "" }, { step: true });
    options();
    if (!value) box.focus();
  });
  box.addEventListener("input", () => {
    own(box.value, store.get("example") !== "");
    chooser.value = store.get("example");
    read(true);
  });
  box.addEventListener("change", () => (texts.keep(store.get("text")), options()));
  store.watch(["example", "text"], () => {
    if (box.value === wanted()) return;
    restore();
    read(false);
  });
}

/** The text as it stands. */
export const text = () => box.value;

/** Read another text of a person's own; Back leads to the one before. */
export function replace(value, word = "") {
  texts.keep(value);
  own(value, true, word);
  options();
}

function own(value, step, word = "") {
  const example = EXAMPLES.findIndex((one) => one.text === value);
  store.set(example < 0 ? { example: "", text: value, word } : { example, text: "", word }, { step });
}

function wanted() {
  return EXAMPLES[store.get("example")]?.text ?? store.get("text");
}

function restore() {
  if (store.get("example") && !EXAMPLES[store.get("example")]) store.set({ example: 0 });
  box.value = wanted();
  texts.keep(store.get("text"));
  options();
}

function options() {
  const kept = texts.all();
  chooser.replaceChildren(
    h("optgroup", { label: "examples" }, ...EXAMPLES.map(({ name }, i) => h("option", { value: i }, name))),
    h("optgroup", { label: "yours, kept in this browser" },
      h("option", { value: "" }, "my own text"),
      ...kept.map((one, i) => h("option", { value: `kept${i}` }, one.length > CALLED ? `${one.slice(0, CALLED)}…` : one)),
      kept.length ? h("option", { value: "forget" }, "forget them all") : null));
  chooser.value = store.get("example");
}

/** What was read, and how long it took. */
export function describe(reading, milliseconds) {
  const parts = [counted(reading.length, "word"), `${reading.unknown} unknown`, `read in ${Math.max(1, Math.round(milliseconds))} ms`];
  if (reading.trace.truncated) parts.push("the rest is not read");
  id("facts").textContent = parts.join(", ");
  const { means } = EXAMPLES[store.get("example")] ?? {};
  const { model, prediction } = reading.trace;
  const wrong = model.labels.includes(means) && prediction.label !== means;
  id("wrong").textContent = wrong ? `This example means ${means}; ${model.name} gets it wrong: ${blamed(reading)} weigh most for ${prediction.label}.` : "";
}

/** The two words that brought most to the answer. */
function blamed(reading) {
  const sign = reading.trace.prediction.label === reading.target.first ? 1 : -1;
  const most = reading.ranked(reading.ledger.words).filter(({ value }) => sign * value > 0).slice(0, 2);
  return most.map(({ t }) => `“${reading.words[t].text}”`).join(" and ");
}
