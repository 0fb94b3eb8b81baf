/** What words such as “not” do to the words around them, and how many test sentences of each kind are judged right. */

import { h } from "../dom.js";
import { percent, plain } from "../format.js";

/** Changes smaller than this are left without a colour. */
const NOTHING = 0.15;

/** The tables of a card; none where nothing was measured. */
export function influence({ modifiers, behaviour }) {
  const words = Object.keys(modifiers);
  const kinds = Object.entries(behaviour);
  return [...(words.length ? [scrolling("What words multiply praise and blame by", gains(words, modifiers))] : []),
    ...(kinds.length ? [h("h3", {}, "Sentences that test reading"), scrolling("Sentences that test reading", sentences(kinds))] : [])];
}

function scrolling(name, table) {
  return h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": name }, table);
}

function gains(words, modifiers) {
  const places = Object.keys(modifiers[words[0]]);
  const cell = (gain) => h("td", { class: gain < -NOTHING ? "turned" : gain > 1 + NOTHING && "raised" }, plain(Math.round(10 * gain) / 10 + 0, 1));
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "word"), ...places.map((place) => h("th", { scope: "col" }, place)))),
    h("tbody", {}, ...words.map((word) => h("tr", {}, h("th", { scope: "row" }, word), ...places.map((place) => cell(modifiers[word][place]))))));
}

function sentences(kinds) {
  return h("table", {},
    h("thead", {}, h("tr", {}, ...["kind", "judged right", "of"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...kinds.map(([kind, { right, sentences: of }]) => h("tr", {}, h("th", { scope: "row" }, kind), h("td", {}, percent(right / of)), h("td", {}, of)))));
}
