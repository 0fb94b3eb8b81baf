// The monitor: what is wrong now, the last minutes as this page sees them, the last day as the service has kept it.

import { id } from "../dom.js";
import * as theme from "../theme.js";
import * as alerts from "./alerts.js";
import { Chart } from "./chart.js";
import { Scrape, mean, quantile, rate } from "./scrape.js";
import { drift, labels, routes, versions } from "./tables.js";

const PERIOD = 2;
/** The seconds that are kept of this page's own scrapes, and those between two readings of what the service has kept. */
const LIVE = 300;
const KEPT_PERIOD = 10;
/** Seconds between two minutes of the history past which the line is broken. */
const GAP = 150;

const number = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const share = (value) => `${(100 * value).toFixed(1)} %`;
const duration = (value) => (value >= 1 ? `${value.toFixed(2)} s` : `${(1000 * value).toFixed(1)} ms`);
const bytes = (value) => `${(value / 1e6).toFixed(0)} MB`;

/** Answers to clients: looking at the service, its pages and its health counts for nothing. */
const production = (of) => /^\/v[12]\//.test(of.http_route);
const status = (first) => (of) => production(of) && of.http_response_status_code.startsWith(first);
const predict = (of) => of.http_route === "/v1/predict";
const outcome = (name) => (of) => of.outcome === name;
const SECONDS = "http_server_request_duration_seconds";

/** Each chart: title, series, how a value is written, the least top of its scale, values between two scrapes, columns of the history. */
const CHARTS = [
  ["Answers a second", ["2xx", "4xx", "5xx"], number, 1,
    (a, b) => ["2", "4", "5"].map((first) => rate(a, b, `${SECONDS}_count`, status(first))), ["answers_2xx", "answers_4xx", "answers_5xx"]],
  ["Duration of /v1/predict", ["p50", "p90", "p99"], duration, 0.005,
    (a, b) => [0.5, 0.9, 0.99].map((q) => quantile(a, b, SECONDS, q, predict)), ["predict_p50", "predict_p90", "predict_p99"]],
  ["Accepted work, of its bound", ["filled"], share, 1,
    (_, b) => [b.sum("gatescope_queue_predicted_seconds") / b.sum("gatescope_queue_limit_seconds")], ["queue_filled"]],
  ["Rows of a batch", ["mean"], number, 4, (a, b) => [mean(a, b, "gatescope_batch_rows")], ["batch_rows_mean"]],
  ["Padding", ["of what is computed"], share, 0.1, (a, b) => [padding(a, b)], ["padding"]],
  ["Refused a second", ["429 too much work", "504 too late"], number, 1,
    (a, b) => ["rejected", "expired"].map((name) => rate(a, b, "gatescope_inference_requests_total", outcome(name))), ["rejected", "expired"]],
  ["Where a review's time goes", ["words", "waiting", "network"], duration, 0.002,
    (a, b) => ["tokenization", "queue", "compute"].map((name) => mean(a, b, `gatescope_${name}_seconds`)),
    ["tokenization_mean", "queue_mean", "compute_mean"]],
  ["Processor", ["cores used"], number, 1, (a, b) => [rate(a, b, "gatescope_worker_cpu_seconds")], ["cores"]],
  ["Resident memory", ["all workers"], bytes, 1e8, (_, b) => [b.sum("gatescope_worker_memory_bytes")], ["memory"]],
  ["Event loop wakes late", ["p50", "p99"], duration, 0.005,
    (a, b) => [0.5, 0.99].map((q) => quantile(a, b, "gatescope_event_loop_lag_seconds", q)), ["lag_p50", "lag_p99"]],
];

function padding(before, now) {
  const all = rate(before, now, "gatescope_padded_tokens_total");
  return all ? 1 - rate(before, now, "gatescope_real_tokens_total") / all : null;
}

/** The charts of each model: title, how a value is written, the least top, a model's value between two scrapes, its column of the history. */
const BY_MODEL = [
  ["Slowest hundredth, by model", duration, 0.005, (a, b, is) => quantile(a, b, "gatescope_request_duration_seconds", 0.99, is)],
  ["Reviews a second, by model", number, 1, (a, b, is) => rate(a, b, "gatescope_request_duration_seconds_count", is)],
];
let models = [];
let ofModels = [];

/** Draw the charts of each model anew where there are others than before. */
function known(names) {
  if (names.join() === models.join()) return;
  models = names;
  for (const { chart } of ofModels) chart.figure.remove();
  ofModels = BY_MODEL.map(([title, said, least, value]) => ({
    chart: new Chart(title, names, said, least), live: [], kept: [],
    values: (a, b) => names.map((name) => value(a, b, (of) => of.model === name)),
  }));
  id("charts").append(...ofModels.map(({ chart }) => chart.figure));
}

const charts = CHARTS.map(([title, series, said, least, values, columns]) =>
  ({ chart: new Chart(title, series, said, least), values, columns, live: [], kept: [] }));
document.querySelector("#charts").append(...charts.map(({ chart }) => chart.figure));

const range = id("range");
range.addEventListener("change", () => guarded(readHistory()));
let before = null;
let historyRead = -Infinity;

async function get(path) {
  const response = await fetch(path, { headers: { "X-Gatescope-Look": "monitor" }, cache: "no-store" });
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return response;
}

/** Read what the service has kept of the time that is shown, and what is wrong now. */
async function readHistory() {
  historyRead = performance.now() / 1000;
  const { columns, rows, models: byModel, alerts: held } = await (await get(`metrics/history?minutes=${range.value}`)).json();
  alerts.show(held);
  for (const one of charts) {
    const places = one.columns.map((column) => 1 + columns.indexOf(column));
    one.kept = rows.map((row) => ({ time: 1000 * row[0], values: places.map((place) => row[place]) }));
  }
  known(Object.keys(byModel));
  ofModels.forEach((one, column) => {
    one.kept = rows.map((row, at) => ({ time: 1000 * row[0], values: models.map((name) => byModel[name][at]?.[column] ?? null) }));
  });
  draw();
}

function draw() {
  const minutes = Number(range.value);
  for (const { chart, live, kept } of [...charts, ...ofModels]) {
    if (60 * minutes === LIVE) chart.show(live);
    else chart.show(kept, { seconds: 60 * minutes, gap: GAP });
  }
}

/** Keep one moment more of what this page sees, and no more of them than are shown. */
function add(live, values) {
  const time = Date.now();
  live.push({ time, values });
  while (live[0].time < time - 1000 * LIVE) live.shift();
}

async function beat() {
  const now = new Scrape(await (await get("metrics")).text(), performance.now() / 1000);
  if (before) for (const { live, values } of [...charts, ...ofModels]) add(live, values(before, now));
  before = now;
  if (now.seconds - historyRead >= KEPT_PERIOD) await readHistory();
  else draw();
  document.querySelector("#labels").replaceChildren(labels(now));
  document.querySelector("#drift").replaceChildren(...drift(now));
  id("routes").replaceChildren(routes(now));
  document.querySelector("#versions").replaceChildren(versions(now));
  if (now.sum("gatescope_draining")) say("draining: accepted work is being finished", "bad");
  else if (now.sum("gatescope_ready")) say("ready", "good");
  else say("not ready", "bad");
}

function say(text, kind) {
  const state = document.querySelector("#state");
  if (state.textContent !== text) state.textContent = text;
  state.dataset.kind = kind;
}

/** What is shown was read a while ago. */
function stale(now) {
  document.querySelector("main").classList.toggle("stale", now);
  if (now) before = null;
}

const pause = document.querySelector("#pause");
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
});

function guarded(work) {
  return work.then(() => stale(false), (error) => (stale(true), say(`no answer: ${error.message}`, "bad")));
}

async function run() {
  for (;;) {
    if (pause.getAttribute("aria-pressed") !== "true" && !document.hidden) {
      await guarded(beat());
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * PERIOD));
  }
}

theme.mount(() => {});
run();
