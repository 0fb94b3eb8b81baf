/** Wiring: what is chosen and typed goes to the service, its answer to the panels, the cursor to all of them. */

import * as api from "./api.js";
import * as cursor from "./cursor.js";
import { h, id } from "./dom.js";
import * as input from "./input.js";
import * as keyboard from "./keyboard.js";
import * as problem from "./problem.js";
import { Reading } from "./reading.js";
import * as saving from "./saving.js";
import * as store from "./store.js";
import * as stretch from "./stretch.js";
import * as takeaway from "./takeaway.js";
import * as theme from "./theme.js";
import * as tour from "./tour.js";
import * as typed from "./typed.js";
import * as values from "./values.js";

const AFTER_TYPING = 450;
/** Words of a text past which they are coloured anew when no key is pressed, and the verdict alone follows every key. */
const LONG = 300;
/** The parts of a trace that the verdict and the words need beside the default ones: none. */
const LIGHT = [];

let reading = null;
let target = null;
let running = new AbortController();
let pause = 0;
let following = false;
let keys = new AbortController();
let changed = false;
let cards = null;

const fail = (error) => problem.show(error, () => (read(false), choosers()));
const context = {
  fail,
  announce: keyboard.announce,
  retarget: (chosen) => (target = chosen, read(false)),
  ask: (text, include = []) => api.trace(body(text, include)),
  turned: (text) => api.counterfactuals(untraced(text)),
  putBeside: (text) => panels.pair.put(text),
  states: (text, layer) => api.trace({ ...body(text, ["tensors"]), tensors: { names: ["hidden"], layers: [layer], units: "all" } }),
  vectors: (text, layer, from, to) => api.trace({ ...body(text, ["tensors"]), tensors: { layers: [layer], units: "all", from, to } }),
  adopt: (text, word = "") => (input.replace(text, word), scrollTo({ top: 0 })),
};

/** Each `data-panel` of the page by its id: its module, of the same name, fills it. */
const panels = Object.fromEntries(await Promise.all(Array.from(document.querySelectorAll("[data-panel]"),
  async ({ id }) => [id, (await import(`./panels/${id}.js`)).mount(context)])));
const all = Object.values(panels);
/** The parts of a trace that some panel shows: of the model that is read by, and of those beside it. */
const PARTS = [...new Set(all.flatMap((panel) => panel.parts ?? []))];
const PARTS_BESIDE = [...new Set(all.flatMap((panel) => panel.partsBeside ?? []))];

function body(text, include, model = store.get("model")) {
  return { text, include, ...(model && { model }), ...(target && { target }) };
}

const untraced = (text) => ({ text, ...(store.get("model") && { model: store.get("model") }) });

/** Read the text: the verdict at once and after every key, everything else when no key has been pressed for a while. */
function read(typing) {
  clearTimeout(pause);
  running.abort();
  running = new AbortController();
  const { signal } = running;
  if (!typing) return typed.stop(), whole(signal);
  follow();
  pause = setTimeout(() => whole(signal, reading?.text === input.text()), AFTER_TYPING);
}

/** While keys are pressed: the verdict of the text as it then is, and of one that is not long its words, one reading after another. */
async function follow() {
  changed = true;
  if (isLong()) id("main").ariaBusy = "true";
  typed.follow(input.text(), store.get("model"), panels.strip.answer);
  if (following) return;
  following = true;
  while (changed) {
    changed = false;
    if (!isLong()) await guarded(() => quick(keys.signal));
    else if (!typed.isThere()) await guarded(async () => panels.strip.answer(await api.predict(untraced(input.text()), keys.signal)));
  }
  following = false;
}

const isLong = () => reading?.length > LONG;

/** Read all of it, but what has been `seen` of it. What is still on its way for an earlier key comes too late. */
function whole(signal, seen = false) {
  changed = false;
  keys.abort();
  keys = new AbortController();
  return guarded(async () => {
    if (!seen) await quick(signal);
    await full(signal);
    await beside(signal);
  });
}

async function guarded(work) {
  id("main").ariaBusy = "true";
  try {
    await work();
  } catch (error) {
    fail(error);
    if (error.name === "AbortError") return;
  }
  id("main").ariaBusy = "false";
}

async function traced(include, signal) {
  const text = input.text();
  const started = performance.now();
  const next = new Reading(await api.trace(body(text, include), signal), text);
  problem.clear();
  if (include === LIGHT) input.describe(next, performance.now() - started);
  reading = next;
  return next;
}

async function quick(signal) {
  await traced(LIGHT, signal);
  place();
  for (const panel of all) if (panel.light) panel.show(reading);
  point(cursor.at());
}

async function full(signal) {
  await traced(PARTS, signal);
  if (store.get("unit") !== "mean" && reading.row(store.get("unit")) < 0) store.set({ unit: "first" });
  place();
  for (const panel of all) panel.show(reading);
  point(cursor.at());
  values.afresh();
  tour.show(reading);
  id("main").ariaBusy = "false";
}

/** The cursor starts where the address says, else at the word that mattered most. */
function place() {
  const asked = Number(store.get("word"));
  const start = store.get("word") !== "" && asked < reading.length ? asked : reading.strongest;
  stretch.over(reading.length);
  cursor.over(reading.length, start, Array.from({ length: reading.length }, (_, t) => reading.turn(t)));
}

/** The other models on the same text: the newest of each other cell, and the one to compare with. */
async function beside(signal) {
  const models = await served();
  for (const panel of all) panel.grade?.(models);
  const mine = reading.trace.model;
  const newest = new Map(models.filter((card) => card.labels.join() === mine.labels.join()).map((card) => [card.cell, card.name]));
  newest.delete(mine.cell);
  const names = new Set([...newest.values(), store.get("compare")].filter((name) => name && name !== mine.name));
  const [predictions, ...traces] = await Promise.all([
    api.compare(reading.text, signal),
    ...[...names].map((name) => api.trace(body(reading.text, PARTS_BESIDE, name), signal)),
  ]);
  panels.comparison.opinions(predictions);
  const others = new Map(traces.map((trace) => [trace.model.name, new Reading(trace, reading.text)]));
  for (const panel of all) panel.beside?.(others, store.get("compare"));
}

function point(t) {
  stretch.follow(t);
  values.follow();
  for (const panel of all) panel.point?.(t);
  keyboard.speak(reading, t);
}

/** The cards of the models, asked for once, and again where that failed. */
function served() {
  cards ??= api.models().catch((error) => {
    cards = null;
    throw error;
  });
  return cards;
}

async function choosers() {
  const models = await served().catch(fail);
  if (!models || id("model").length) return;
  const names = [...new Set(models.map((card) => card.name))];
  for (const name of ["model", "compare"]) if (!names.includes(store.get(name))) store.set({ [name]: "" });
  const option = (name) => h("option", { value: name, selected: models.some((card) => card.default && card.name === name) }, `${name} v${models.find((card) => card.name === name).version}`);
  id("model").append(...names.map(option));
  id("compare").append(...names.map(option));
  id("model").value = modelName();
  id("compare").value = store.get("compare");
}

/** The model that is chosen, else the default one. */
function modelName() {
  return store.get("model") || id("model").querySelector("[selected]")?.value;
}

function start() {
  theme.mount(() => {
    for (const panel of all) panel.repaint?.();
  });
  input.mount(read);
  keyboard.mount(panels);
  takeaway.mount(() => body(input.text(), PARTS), fail);
  saving.mount(panels, fail);
  tour.mount(served, fail);
  cursor.onMove(point);
  id("model").addEventListener("change", (event) => store.set({ model: event.target.value }));
  id("compare").addEventListener("change", (event) => store.set({ compare: event.target.value }));
  store.watch(["model"], () => {
    target = null;
    id("model").value = modelName();
    read(false);
  });
  store.watch(["compare"], () => {
    id("compare").value = store.get("compare");
    guarded(() => beside(running.signal));
  });
  read(false);
  choosers();
}

start();
