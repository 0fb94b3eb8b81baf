/** A text as it was typed, each word coloured by its share. */

import { h } from "./dom.js";

const GLYPH_FROM = 0.3;

/** An element for each word. */
export function wordsOf(reading) {
  return reading.words.map((word, t) => h("span", { "data-t": t, class: word.oov && "unknown" }, word.text));
}

/** Colour the words by `shares`; `most` is the end of the scale. */
export function tint(spans, shares, most) {
  spans.forEach((span, t) => {
    const much = Math.min(1, Math.abs(shares[t]) / most);
    span.style.setProperty("--much", much.toFixed(3));
    span.classList.toggle("against", shares[t] < 0);
    span.classList.toggle("marked", much >= GLYPH_FROM);
  });
}

/** The words with what stands between them as typed; markup is left out, a `<br>` becomes a new line. */
export function interleaved(reading, spans) {
  const points = /[\ud800-\udfff]/.test(reading.text) ? Array.from(reading.text) : null;
  const cut = (from, to) => (points ? points.slice(from, to).join("") : reading.text.slice(from, to));
  const nodes = [];
  let end = 0;
  reading.words.forEach((word, t) => {
    nodes.push(between(cut(end, word.start)), spans[t]);
    end = word.end;
  });
  if (reading.trace.truncated) {
    nodes.push(h("span", { class: "cut" }, ` … not read: the model stops after ${reading.length} words.`));
  }
  return nodes;
}

function between(gap) {
  return gap.replace(/(?:<br\s*\/?>\s*)+/gi, "\n").replace(/<[^>]*>/g, "");
}
