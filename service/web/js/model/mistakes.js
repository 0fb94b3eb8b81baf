/** Right label against answer; a cell of the table leads to its reviews and the words behind them. */

import { h } from "../dom.js";
import { counted, percent, signed } from "../format.js";
import { placeList } from "../places.js";

/** The table and what is chosen in it: first the cell with the most mistakes. */
export function mistakes(labels, slices, read) {
  const details = h("div", { class: "lists", "aria-live": "polite" });
  const of = (label, answer) => slices.find((one) => one.label === label && one.answer === answer);
  const buttons = new Map();
  const choose = (slice) => {
    for (const [one, button] of buttons) button.setAttribute("aria-pressed", String(one === slice));
    details.replaceChildren(...described(slice, read));
  };
  const cell = (label, answer) => {
    const slice = of(label, answer);
    const right = slices.filter((one) => one.label === label).reduce((sum, { count }) => sum + count, 0);
    const says = `${slice.count}, ${percent(slice.count / Math.max(1, right))}`;
    const button = h("button", { type: "button", "aria-label": `${label} read as ${answer}: ${says}`, onclick: () => choose(slice) }, says);
    buttons.set(slice, button);
    return h("td", {}, button);
  };
  const table = h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "right ↓, answer →"), ...labels.map((label) => h("th", { scope: "col" }, label)))),
    h("tbody", {}, ...labels.map((label) => h("tr", {}, h("th", { scope: "row" }, label), ...labels.map((answer) => cell(label, answer))))));
  const wrong = slices.filter((one) => one.label !== one.answer).sort((a, b) => b.count - a.count);
  choose(wrong[0] ?? slices[0]);
  return [h("div", { class: "beside" }, h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Right labels and answers" }, table), details)];
}

function described({ label, answer, count, reviews, words }, read) {
  const title = label === answer ? `${label}, and read so` : `${label}, but read as ${answer}`;
  const list = placeList(`${title}: ${counted(count, "review")}, the most confident first`, reviews, read, (place) => signed(place.value));
  if (!words?.length) return [list];
  const rows = words.map(({ word, share, count: times }) =>
    h("tr", {}, h("th", { scope: "row" }, word), h("td", {}, signed(share, 1)), h("td", {}, times), h("td", {}, signed(share / times))));
  return [list, h("section", {}, h("h3", {}, `The words behind “${answer}”`), h("table", {},
    h("thead", {}, h("tr", {}, ...["word", "logits in all", "times", "each"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, ...rows)))];
}
