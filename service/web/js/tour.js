/** "How it reads": the first example told step by step, each step at a panel, with the cursor on the word it is about. */

import * as cursor from "./cursor.js";
import { h, id } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import * as store from "./store.js";
import { STORIES } from "./stories.js";

let steps = [];
let reading = null;
let now = 0;
/** By cell: the share of the last state's pull on the verdict that the first has. */
let held = {};

const said = h("p", { "aria-live": "polite" });
const progress = h("span", { class: "quiet" });
const back = h("button", { type: "button", onclick: () => go(now - 1) }, "back");
const next = h("button", { type: "button", onclick: () => go(now + 1) }, "next");
const host = h("section", { id: "tour", "aria-label": "How it reads", tabindex: "-1", hidden: true },
  h("h2", {}, "How it reads"), said,
  h("div", { class: "controls" }, back, next, progress, h("button", { type: "button", onclick: leave }, "leave")));

/** Set up the tour; `served()` gives the cards of the models. */
export function mount(served, fail) {
  id("main").after(host);
  id("tour-start").addEventListener("click", () => served().then(start, fail));
  host.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowRight") go(now + 1);
    if (key === "ArrowLeft") go(now - 1);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && !id("help").open && leave());
  store.watch(["example", "model"], () => {
    if (store.get("example") !== "0" || store.get("model") !== steps[now]?.model) leave();
  });
}

/** Everything about a text has come: the step that waits for it can be told. */
export function show(whole) {
  reading = whole;
  if (!host.hidden) tell();
}

/** Tell of one model a cell: the one that is chosen, else the one that is listed first. */
function start(cards) {
  const chosen = cards.filter(({ name }) => name === id("model").value);
  const names = Object.fromEntries([...cards].reverse().concat(chosen).map(({ cell, name }) => [cell, name]));
  steps = Object.keys(STORIES).filter((cell) => cell in names)
    .flatMap((cell) => STORIES[cell].map((step) => ({ ...step, model: names[cell] })));
  held = {};
  now = 0;
  host.hidden = false;
  store.set({ example: 0, text: "", word: "", unit: "first", model: steps[0].model }, { step: true });
  host.focus();
  tell();
}

function leave() {
  if (host.hidden) return;
  host.hidden = true;
  delete id("cell").dataset.told;
  cursor.release();
  id("tour-start").focus({ preventScroll: true });
}

function go(to) {
  if (!steps[to]) return;
  now = to;
  store.set({ unit: "first", model: steps[now].model });
  tell();
}

/** Tell the step, where the text has been read by the model that it is about. */
function tell() {
  const { model, panel, parts, word, says } = steps[now];
  back.disabled = now === 0;
  next.disabled = now === steps.length - 1;
  progress.textContent = `${now + 1} of ${steps.length}`;
  const ready = reading?.trace.model.name === model && reading.text === EXAMPLES[0].text;
  host.ariaBusy = String(!ready);
  if (!ready) return;
  const pull = reading.pull;
  held[reading.cell] = pull[0] / pull[pull.length - 1];
  const t = word(reading);
  cursor.hold(t);
  said.textContent = says(reading, t, held);
  id("cell").dataset.told = parts.join(" ");
  id(panel).scrollIntoView({ block: "start" });
}
