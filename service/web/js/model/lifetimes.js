/** How many units keep half of their state for how many words. */

import { h } from "../dom.js";
import { counted } from "../format.js";

const ENDS = [1, 2, 4, 8, 16, 32];

/** A sentence, and a table of units by half-life; a sentence alone for a cell without a gate that keeps. */
export function lifetimes(units, cell) {
  const lives = units.filter((unit) => unit.half_life !== null).sort((a, b) => a.half_life - b.half_life);
  if (!lives.length) return [h("p", {}, `No gate of an ${cell.toUpperCase()} carries its state from word to word, so there is no rate at which it lets go: the explorer’s “vanishing gradient” shows how soon a word stops to count.`)];
  const words = (life) => `${life.toFixed(1)} words`;
  const { half_life: middle } = lives[lives.length >> 1];
  const longest = lives[lives.length - 1];
  return [
    h("p", {}, `Half of the units keep half of their state for ${words(middle)} or longer, unit ${longest.unit} for ${words(longest.half_life)}. These are mean rates over running text: a gate that stays open for one word in particular keeps that word for longer.`),
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "keeps half for"), h("th", { scope: "col" }, "units"), h("td"))), h("tbody", {}, ...rows(lives))),
  ];
}

function rows(lives) {
  const bounds = [0, ...ENDS, Infinity];
  const counts = bounds.slice(1).map((end, i) => lives.filter(({ half_life: life }) => life >= bounds[i] && life < end).length);
  const last = counts.findLastIndex((count) => count);
  return counts.slice(0, last + 1).map((count, i) => {
    const bar = h("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", count / Math.max(...counts));
    const range = i === 0 ? "less than a word" : bounds[i + 1] === Infinity ? `${bounds[i]} words or more` : `${bounds[i]} to ${counted(bounds[i + 1], "word")}`;
    return h("tr", {}, h("th", { scope: "row" }, range), h("td", {}, count), h("td", { class: "left" }, bar));
  });
}
