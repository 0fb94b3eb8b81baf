/** A phrase that was marked in the review: the units that are on in it, and where else in the corpus they are. */

import * as api from "../api.js";
import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, signed } from "../format.js";
import { placeList } from "../places.js";
import * as store from "../store.js";

/** Milliseconds of rest after which a phrase that is being marked is looked for. */
const RESTING = 120;

export function mount({ fail }) {
  const body = id("phrase").querySelector(".body");
  const hint = body.firstElementChild;
  const surface = id("words");
  let reading = null;
  let phrase = null;
  let found = null;
  let without = new Set();
  let asking = new AbortController();
  let resting = 0;
  let anchor = 0;
  let tip = -1;

  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const { model } = reading.trace;
    const counting = found && without.size ? found.units.map(({ unit }) => unit).filter((unit) => !without.has(unit)) : null;
    try {
      const answer = await api.similar(model.name, { text: reading.text, from: phrase.from, to: phrase.to, ...(counting && { units: counting }) }, asking.signal);
      found = counting ? { ...answer, units: found.units } : answer;
      draw();
    } catch (error) {
      if (error.status === 422) body.replaceChildren(hint, h("p", { class: "warn" }, `${error.detail}.`));
      else fail(error);
    }
  };

  const draw = () => {
    const typed = reading.words.slice(phrase.from, phrase.to).map(({ text }) => text).join(" ");
    const href = ({ text, word }) => store.addressWith({ text, word, example: "" });
    body.replaceChildren(
      h("p", {}, "In ", h("b", { class: "typed" }, `“${typed}”`), " these units stand furthest from their mean in the corpus. Take some out to look for the others alone."),
      h("div", { class: "chips", role: "group", "aria-label": "Units that count" }, ...found.units.map(chip)),
      placeList("Where else they are on", found.places, href, ({ value }) => percent(value)));
  };

  /** A unit that can be left out, unless it is the last one. */
  const chip = ({ unit, above }) => {
    const counts = !without.has(unit);
    const toggle = () => {
      if (counts && without.size === found.units.length - 1) return;
      if (counts) without.add(unit);
      else without.delete(unit);
      ask();
    };
    return h("button", { type: "button", "aria-pressed": String(counts), title: `${Math.abs(above).toFixed(1)} spreads ${above < 0 ? "below" : "above"} its mean`, onclick: toggle }, `${unit} ${signed(above, 1)}`);
  };

  const mark = (from, to) => {
    if (phrase?.from === from && phrase.to === to) return;
    phrase = { from, to };
    found = null;
    without = new Set();
    clearTimeout(resting);
    resting = setTimeout(ask, RESTING);
  };

  document.addEventListener("selectionchange", () => {
    const range = selected(surface);
    if (reading && range) mark(range.from, range.to);
  });

  return {
    rows: () => (found ? [["review", "word", "share of the phrase’s units", "label", "answer"],
      ...found.places.map((place) => [place.review, place.word, place.value, place.label, place.answer])] : []),
    /** Mark one word more in a direction, from the cursor on. */
    extend(direction) {
      const here = cursor.at();
      if (here !== tip) anchor = here;
      const next = Math.min(Math.max(here + direction, 0), reading.length - 1);
      tip = next;
      cursor.move(next);
      const [from, to] = [Math.min(anchor, next), Math.max(anchor, next)];
      const span = (t) => surface.querySelector(`[data-t="${t}"]`);
      getSelection().setBaseAndExtent(span(from), 0, span(to), 1);
    },
    show(next) {
      const same = reading && next.text === reading.text && next.length === reading.length;
      const model = reading?.trace.model.name;
      reading = next;
      if (!same) {
        [phrase, found, tip] = [null, null, -1];
        clearTimeout(resting);
        body.replaceChildren(hint);
      } else if (phrase && model !== next.trace.model.name) {
        [found, without] = [null, new Set()];
        ask();
      }
    },
  };
}

/** The words of the browser’s selection in the review; null where it has none of them. */
function selected(surface) {
  const selection = getSelection();
  if (selection.isCollapsed || !surface.contains(selection.anchorNode) || !surface.contains(selection.focusNode)) return null;
  const range = selection.getRangeAt(0);
  const words = Array.from(surface.querySelectorAll("[data-t]")).filter((span) => range.intersectsNode(span) && overlaps(range, span));
  return words.length ? { from: Number(words[0].dataset.t), to: Number(words.at(-1).dataset.t) + 1 } : null;
}

/** Whether a range holds some of a word, and does not only touch it. */
function overlaps(range, span) {
  const word = document.createRange();
  word.selectNodeContents(span);
  return range.compareBoundaryPoints(Range.START_TO_END, word) > 0 && range.compareBoundaryPoints(Range.END_TO_START, word) < 0;
}
