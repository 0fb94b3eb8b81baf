/** Where the text comes from: typed, pasted, or an example. */

import { h, id } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { counted } from "./format.js";
import * as store from "./store.js";

const box = id("text");
const chooser = id("example");

/** Set up the text box; `read(soon)` is called when the text has changed, `soon` while it is being typed. */
export function mount(read) {
  chooser.append(h("option", { value: "" }, "my own text"), ...EXAMPLES.map(({ name }, i) => h("option", { value: i }, name)));
  chooser.value = EXAMPLES[store.get("example")] ? store.get("example") : "0";
  box.value ||= EXAMPLES[chooser.value].text;
  chooser.addEventListener("change", () => {
    store.set({ example: chooser.value, word: "" });
    box.value = EXAMPLES[chooser.value]?.text ?? "";
    if (chooser.value) read(false);
    else box.focus();
  });
  box.addEventListener("input", () => {
    own();
    read(true);
  });
}

/** The text as it stands. */
export const text = () => box.value;

/** Put another text in its place. */
export function replace(value) {
  box.value = value;
  own();
}

function own() {
  chooser.value = "";
  store.set({ example: "", word: "" });
}

/** What was read, and how long it took. */
export function tell(reading, milliseconds) {
  const unknown = reading.words.filter((word) => word.oov).length;
  const parts = [counted(reading.length, "word"), `${unknown} unknown`, `read in ${Math.max(1, Math.round(milliseconds))} ms`];
  if (reading.trace.truncated) parts.push("the rest is not read");
  id("facts").textContent = parts.join(", ");
}
