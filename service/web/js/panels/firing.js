/** Where else it happens: the words at which a unit is highest and lowest, or the whole state as it is at the cursor. */

import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { EXAMPLES } from "../examples.js";
import { signed } from "../format.js";
import * as store from "../store.js";

const SHOWN = 6;
const BEFORE = 4;
const AFTER = 3;
/** Of places closer together than this, in words, the best alone is shown. */
const APART = 4;
const TEXTS = 12;
const RESTING = 180;

export function mount({ states, adopt, fail }) {
  const host = id("firing");
  let reading = null;
  let read = [];
  let known = new Map();
  let resting = 0;

  /** The text shown, those read before it, the examples. */
  const texts = () => [...new Set([...read, ...EXAMPLES.map(({ text }) => text)])];

  /** A text that only begins another was still being typed. */
  const remember = (text) => {
    read = [text, ...read.filter((one) => !text.startsWith(one) && !one.startsWith(text))].slice(0, TEXTS);
  };

  const load = async () => {
    const mine = known;
    host.ariaBusy = "true";
    try {
      for (const text of texts()) {
        if (!mine.has(text)) mine.set(text, stateful(text, await states(text, reading.trace.model.layers - 1)));
        if (mine !== known) return;
      }
      draw();
      host.ariaBusy = "false";
    } catch (error) {
      fail(error);
    }
  };

  const draw = () => {
    const sources = texts().map((text) => known.get(text)).filter(Boolean);
    const here = known.get(reading?.text);
    if (!here) return host.replaceChildren();
    const unit = Number(store.get("unit"));
    host.replaceChildren(...(Number.isNaN(unit) ? alike(sources, here) : extremes(sources, unit)));
  };

  const alike = (sources, here) => {
    const t = Math.min(cursor.at(), here.words.length - 1);
    const places = best(sources, (source, at) => cosine(source, at, here, t), (source, at) => source !== here || Math.abs(at - t) >= APART);
    return [h("p", { class: "quiet" }, "Choose a unit, by its row or at the cell, to see where it fires."),
      list(`Where else the state is most like that at “${here.words[t].text}”`, places, (value) => value.toFixed(2))];
  };

  const extremes = (sources, unit) => [
    h("p", { class: "small" }, h("a", { href: `model#${new URLSearchParams({ model: reading.trace.model.name, unit })}` }, `unit ${unit} over the whole corpus`)),
    list(`Where unit ${unit} is highest`, best(sources, (source, t) => source.values[t * source.size + unit])),
    list(`Where unit ${unit} is lowest`, best(sources, (source, t) => -source.values[t * source.size + unit]), (value) => signed(-value)),
  ];

  const list = (title, places, said = signed) => h("section", {}, h("h3", {}, title),
    h("ol", {}, ...places.map(({ source, t, value }) => h("li", {},
      h("button", { type: "button", onclick: () => jump(source, t) },
        h("span", { class: "typed" }, ...snippet(source, t)), h("b", {}, said(value)),
        source.text === reading.text ? null : h("span", { class: "quiet small" }, called(source.text)))))));

  const jump = (source, t) => {
    if (source.text === reading.text) cursor.click(t);
    else adopt(source.text, t);
    id("words").focus();
  };

  /** Other texts are read once this panel has come into sight. */
  let seen = false;
  new IntersectionObserver(([entry], observer) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    seen = true;
    if (reading) load();
  }, { rootMargin: "200px" }).observe(id("units"));

  store.watch(["unit"], () => reading && draw());
  return {
    show(next) {
      const { name, version } = next.trace.model;
      if (reading && (reading.trace.model.name !== name || reading.trace.model.version !== version)) known = new Map();
      reading = next;
      remember(next.text);
      draw();
    },
    beside: () => seen && load(),
    point() {
      clearTimeout(resting);
      if (Number.isNaN(Number(store.get("unit")))) resting = setTimeout(draw, RESTING);
    },
  };
}

/** A text with the top layer's hidden states: `values` is `[T, size]`. */
function stateful(text, { words, tensors }) {
  const values = tensors.values.hidden;
  return { text, points: Array.from(text), words, values, size: values.shape[2] };
}

/** The places with the highest score, no two of them close together. */
function best(sources, score, allowed = () => true) {
  const all = sources.flatMap((source) => Array.from(source.words, (_, t) => ({ source, t, value: score(source, t) })));
  const chosen = [];
  for (const place of all.filter(({ source, t }) => allowed(source, t)).sort((a, b) => b.value - a.value)) {
    if (chosen.length === SHOWN) break;
    if (!chosen.some(({ source, t }) => source === place.source && Math.abs(t - place.t) < APART)) chosen.push(place);
  }
  return chosen;
}

function cosine(one, t, other, u) {
  let [product, mine, theirs] = [0, 0, 0];
  for (let i = 0; i < one.size; i += 1) {
    const [a, b] = [one.values[t * one.size + i], other.values[u * other.size + i]];
    product += a * b;
    mine += a * a;
    theirs += b * b;
  }
  return product / (Math.sqrt(mine * theirs) || 1);
}

/** Word t as typed, with a few words around it, the first of them no punctuation mark. */
function snippet({ points, words }, t) {
  let first = Math.max(0, t - BEFORE);
  while (first < t && !/[\p{L}\p{N}]/u.test(words[first].text)) first += 1;
  const last = Math.min(words.length - 1, t + AFTER);
  const cut = (from, to) => points.slice(from, to).join("").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  const { start, end } = words[t];
  return [first ? "… " : "", cut(words[first].start, start), h("mark", {}, cut(start, end)), cut(end, words[last].end),
    last < words.length - 1 ? " …" : ""];
}

function called(text) {
  const example = EXAMPLES.find((one) => one.text === text);
  return example ? `in the example “${example.name}”` : "in a text read before";
}
