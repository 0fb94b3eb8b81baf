// The monitor: what is wrong now, what the service has kept of its last minutes, and what it serves.

import * as api from "../api.js";
import { id } from "../dom.js";
import * as theme from "../theme.js";
import * as alerts from "./alerts.js";
import * as charts from "./charts.js";
import { Scrape } from "./scrape.js";
import { drift, labels, routes } from "./tables.js";
import * as versions from "./versions.js";

/** Seconds between two readings of the metrics. */
const PERIOD = 2;
/** Seconds between two readings of what has been kept of the last `minutes`. */
const keptPeriod = (minutes) => Math.min(30, Math.max(4, minutes / 6));

const range = id("range");
const by = id("by");
const pause = id("pause");
let historyRead = -Infinity;

async function readHistory() {
  historyRead = performance.now();
  const minutes = Number(range.value);
  const kept = await (await api.figures(`metrics/history?minutes=${minutes}&by=${by.value}`)).json();
  alerts.show(kept.alerts, kept.levels);
  charts.show(kept, minutes, by.value);
}

async function beat() {
  const now = new Scrape(await (await api.figures("metrics")).text());
  if (performance.now() - historyRead >= 1000 * keptPeriod(range.value)) await readHistory();
  id("labels").replaceChildren(labels(now));
  id("drift").replaceChildren(...drift(now));
  id("routes").replaceChildren(routes(now));
  await versions.show(now);
  if (now.sum("gatescope_draining")) say("draining: accepted work is being finished", "bad");
  else if (now.sum("gatescope_ready")) say("ready", "good");
  else say("not ready", "bad");
}

function say(text, kind) {
  const state = id("state");
  if (state.textContent !== text) state.textContent = text;
  state.dataset.kind = kind;
}

/** What is shown was read a while ago. */
function stale(now) {
  document.querySelector("main").classList.toggle("stale", now);
}

function guarded(work) {
  return work.then(() => stale(false), (error) => (stale(true), say(`no answer: ${error.message}`, "bad")));
}

async function run() {
  for (;;) {
    if (pause.getAttribute("aria-pressed") !== "true" && !document.hidden) await guarded(beat());
    await new Promise((resolve) => setTimeout(resolve, 1000 * PERIOD));
  }
}

for (const chooser of [range, by]) chooser.addEventListener("change", () => guarded(readHistory()));
pause.addEventListener("click", () => pause.setAttribute("aria-pressed", String(pause.getAttribute("aria-pressed") !== "true")));
versions.mount();
theme.mount(() => {});
run();
