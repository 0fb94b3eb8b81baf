/** Places in a corpus as a list: the words as typed, what they were found by, the label and the answer of their review. */

import { h } from "./dom.js";
import { percent } from "./format.js";

/** Characters shown before and after the words of a place. */
const BEFORE = 48;
const AFTER = 36;

/** A titled list of places; `href(place)` is where its text is read, `said(place)` what stands beside it. */
export function placeList(title, places, href, said) {
  return h("section", {}, h("h3", {}, title), h("ol", { class: "places" }, ...places.map((place) => h("li", {}, entry(place, href, said(place))))));
}

function entry(place, href, value) {
  const judged = place.label === place.answer ? `${place.answer} ${percent(place.confidence)}`
    : `${place.label}, but read as ${place.answer} ${percent(place.confidence)}`;
  const beside = [h("b", {}, value), h("span", { class: "quiet small" }, judged)];
  if (place.text === null) {
    return h("span", { class: "place" },
      h("span", { class: "typed" }, `review ${place.review}, word ${place.word + 1}`), ...beside, h("span", { class: "quiet small" }, `sha256 ${place.fingerprint}…`));
  }
  return h("a", { href: href(place) }, h("span", { class: "typed" }, ...snippet(place)), ...beside);
}

/** The words of a place in their surroundings, cut between words. */
function snippet({ text, start, end }) {
  const points = Array.from(text);
  const plain = (from, to) => points.slice(from, to).join("").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  const first = Math.max(0, start - BEFORE);
  const last = Math.min(points.length, end + AFTER);
  const before = first ? `… ${plain(first, start).replace(/^\S*\s/, "")}` : plain(0, start);
  const after = last < points.length ? `${plain(end, last).replace(/\s\S*$/, "")} …` : plain(end, last);
  return [before, h("mark", {}, plain(start, end)), after];
}
