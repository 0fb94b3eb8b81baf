/** The model page: a model is chosen; its card and what is known of it over its corpus are asked for and shown. */

import * as api from "../api.js";
import { h, id } from "../dom.js";
import { percent, whole } from "../format.js";
import * as problem from "../problem.js";
import * as theme from "../theme.js";
import { influence } from "./influence.js";
import { lifetimes } from "./lifetimes.js";
import { mistakes } from "./mistakes.js";
import { unitList } from "./unit_list.js";

const asked = new URLSearchParams(location.hash.slice(1));
let cards = [];
let chosen = asked.get("model");
let unit = asked.get("unit");

/** The address of the explorer with a review of the corpus in it, the cursor on a word, and perhaps a unit. */
const read = (place, of) => `./#${new URLSearchParams({ model: chosen, text: place.text, word: place.word, ...(of !== undefined && { unit: of }) })}`;

async function show() {
  id("main").ariaBusy = "true";
  try {
    if (!cards.length) choices(await api.models());
    const card = cards.find(({ name }) => name === chosen);
    const [units, slices] = card.corpus ? await Promise.all([api.units(chosen), api.slices(chosen)]) : [];
    problem.clear();
    facts(card);
    fill("influence", influence(card));
    for (const part of ["mistakes", "units", "lifetimes"]) id(part).hidden = !card.corpus;
    if (!card.corpus) return;
    fill("mistakes", mistakes(card.labels, slices.slices, read));
    fill("units", unitList(units.units, unit, { places: (one) => api.unitPlaces(chosen, one), read, remember, fail }));
    fill("lifetimes", lifetimes(units.units, card.cell));
  } catch (error) {
    fail(error);
  } finally {
    id("main").ariaBusy = "false";
  }
}

function fail(error) {
  problem.show(error, show);
}

function fill(part, content) {
  id(part).hidden = !content.length;
  id(part).querySelector(".body").replaceChildren(...content);
}

function choices(found) {
  cards = found.filter(({ name, version }) => !found.some((other) => other.name === name && other.version > version));
  if (!cards.some(({ name }) => name === chosen)) chosen = (found.find((card) => card.default) ?? cards[0]).name;
  id("model").replaceChildren(...cards.map(({ name, version }) => h("option", { value: name, selected: name === chosen }, `${name} v${version}`)));
}

function facts({ cell, layers, hidden_size: size, metrics, corpus }) {
  const { accuracy } = metrics.test ?? Object.values(metrics)[0];
  const source = corpus?.source === "validation" ? "the reviews that it was validated on" : corpus?.source;
  id("facts").textContent = [
    `${cell.toUpperCase()} with ${layers} layer${layers > 1 ? "s" : ""} of ${size} units, right on ${percent(accuracy, 1)} of its test reviews.`,
    corpus ? `Its corpus: ${whole(corpus.reviews)} reviews, ${whole(corpus.words)} words, from ${source}.${corpus.texts ? "" : " Their texts are not kept: places have the number of their review and the beginning of its SHA-256."}`
      : "This version has no corpus to search: gatescope index gives it one.",
  ].join(" ");
}

/** Keep what is chosen in the address, so that the page can be passed on. */
function remember(of) {
  unit = of;
  history.replaceState(null, "", `#${new URLSearchParams({ model: chosen, ...(unit !== null && { unit }) })}`);
}

theme.mount(() => {});
id("model").addEventListener("change", (event) => {
  chosen = event.target.value;
  remember(null);
  show();
});
show();
