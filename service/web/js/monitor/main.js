// The monitor: reads /metrics every two seconds while the page is seen, and shows what changed.

import * as theme from "../theme.js";
import { Chart } from "./chart.js";
import { Scrape, mean, quantile, rate } from "./scrape.js";
import { drift, labels, versions } from "./tables.js";

const PERIOD = 2;

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

const CHARTS = [
  ["Answers a second", ["2xx", "4xx", "5xx"], number, 1, (a, b) => ["2", "4", "5"].map((first) => rate(a, b, `${SECONDS}_count`, status(first)))],
  ["Duration of /v1/predict", ["p50", "p90", "p99"], duration, 0.005, (a, b) => [0.5, 0.9, 0.99].map((q) => quantile(a, b, SECONDS, q, predict))],
  ["Accepted work, of its bound", ["filled"], share, 1, (_, b) => [b.sum("gatescope_queue_predicted_seconds") / b.sum("gatescope_queue_limit_seconds")]],
  ["Rows of a batch", ["mean"], number, 4, (a, b) => [mean(a, b, "gatescope_batch_rows")]],
  ["Padding", ["of what is computed"], share, 0.1, (a, b) => [padding(a, b)]],
  ["Refused a second", ["429 too much work", "504 too late"], number, 1, (a, b) => ["rejected", "expired"].map((name) => rate(a, b, "gatescope_inference_requests_total", outcome(name)))],
  ["Where a review's time goes", ["words", "waiting", "network"], duration, 0.002, (a, b) => ["tokenization", "queue", "compute"].map((name) => mean(a, b, `gatescope_${name}_seconds`))],
  ["Processor", ["cores used"], number, 1, (a, b) => [rate(a, b, "gatescope_worker_cpu_seconds")]],
  ["Resident memory", ["all workers"], bytes, 1e8, (_, b) => [b.sum("gatescope_worker_memory_bytes")]],
  ["Event loop wakes late", ["p50", "p99"], duration, 0.005, (a, b) => [0.5, 0.99].map((q) => quantile(a, b, "gatescope_event_loop_lag_seconds", q))],
];

function padding(before, now) {
  const all = rate(before, now, "gatescope_padded_tokens_total");
  return all ? 1 - rate(before, now, "gatescope_real_tokens_total") / all : null;
}

const charts = CHARTS.map(([title, series, show, least, values]) => ({ chart: new Chart(title, series, show, least), values }));
document.querySelector("#charts").append(...charts.map(({ chart }) => chart.figure));

let before = null;

async function beat() {
  const response = await fetch("/metrics", { headers: { "X-Gatescope-Look": "monitor" }, cache: "no-store" });
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
  const now = new Scrape(await response.text(), performance.now() / 1000);
  if (before) for (const { chart, values } of charts) chart.add(values(before, now), Date.now());
  before = now;
  document.querySelector("#labels").replaceChildren(labels(now));
  document.querySelector("#drift").replaceChildren(...drift(now));
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

async function run() {
  for (;;) {
    if (pause.getAttribute("aria-pressed") !== "true" && !document.hidden) {
      await beat().then(() => stale(false), (error) => (stale(true), say(`no answer: ${error.message}`, "bad")));
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * PERIOD));
  }
}

theme.mount(() => {});
run();
