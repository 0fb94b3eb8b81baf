// The charts: what the service has kept of its last minutes, of all workers together.

import { h, id } from "../dom.js";
import { Chart, clock } from "./chart.js";

const number = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const share = (value) => `${(100 * value).toFixed(1)} %`;
const duration = (value) => (value >= 1 ? `${value.toFixed(2)} s` : `${(1000 * value).toFixed(1)} ms`);
const bytes = (value) => `${(value / 1e6).toFixed(0)} MB`;

/** Seconds that a chart shows at least: of a service that has just started, no more than it has lived. */
const LEAST = 60;
/** Changes that are listed, the latest. */
const TOLD = 20;
/** Groups in one chart, those with the most answers. */
const MOST = 6;

/** Title, series, how a value is written, the least top of the scale, columns of what the service has kept, the alert. */
const CHARTS = [
  ["Answers a second", ["2xx", "4xx", "5xx"], number, 1, ["answers_2xx", "answers_4xx", "answers_5xx"]],
  ["Duration of /v1/predict", ["p50", "p90", "p99"], duration, 0.005, ["predict_p50", "predict_p90", "predict_p99"]],
  ["Slowest hundredth by phase", ["words", "queue", "network"], duration, 0.002, ["tokenization_p99", "queue_p99", "compute_p99"]],
  ["Accepted work, of its bound", ["filled"], share, 1, ["queue_filled"], "GatescopeQueueNearLimit"],
  ["Refused a second", ["429 too much work", "504 too late"], number, 1, ["rejected", "expired"]],
  ["Worker processes", ["ready"], (value) => value.toFixed(0), 2, ["ready_workers"]],
  ["Processor", ["cores used"], number, 1, ["cores"]],
  ["Event loop wakes late", ["p50", "p99"], duration, 0.06, ["lag_p50", "lag_p99"], "GatescopeEventLoopLags"],
  ["Words of a review", ["mean"], number, 20, ["words_mean"]],
  ["Rows of a batch", ["mean"], number, 4, ["batch_rows_mean"]],
  ["Padding", ["of what is computed"], share, 0.6, ["padding"], "GatescopePaddingWaste"],
  ["Resident memory", ["all workers"], bytes, 1e8, ["memory"]],
];

/** What is drawn of each group: title, how a value is written, the least top of the scale, its place in a row, the alert. */
const GROUPED = [["Slowest hundredth", duration, 0.005, 0, "GatescopeSlow"], ["Answers a second", number, 1, 1]];

let charts = [];
let grouped = [];
let known = "";

/** Show what `/metrics/history` says of the last `minutes`, grouped `by`. */
export function show({ columns, rows, groups: found, events, levels }, minutes, by) {
  const bounds = new Map(levels.map(({ name, bound }) => [name, bound]));
  const step = minutes > 5 ? 60 : 5;
  const [first, last] = [rows[0][0] - step, rows.at(-1)[0]];
  const span = { seconds: Math.min(60 * minutes, Math.max(LEAST, last - first)), gap: 2.5 * step };
  const changes = events.map(([time, says]) => ({ time: 1000 * time, says }));
  if (!charts.length) charts = CHARTS.map(([title, series, said, least, names, alert]) => ({ names, chart: placed("charts", new Chart(title, series, said, least, bounds.get(alert))) }));
  for (const { names, chart } of charts) {
    const places = names.map((name) => 1 + columns.indexOf(name));
    chart.show(rows.map((row) => ({ time: 1000 * row[0], values: places.map((place) => row[place]) })), span, changes);
  }
  const shown = busiest(found);
  tell(shown, by, bounds);
  for (const { place, chart } of grouped) {
    chart.show(rows.map((row, at) => ({ time: 1000 * row[0], values: shown.map((name) => found[name][at]?.[place] ?? null) })), span, changes);
  }
  id("events").replaceChildren(...changes.slice(-TOLD).toReversed().map(({ time, says }) => h("li", {}, h("time", {}, clock(time)), " ", says)));
  id("no-events").hidden = changes.length > 0;
}

function busiest(found) {
  const answers = Object.fromEntries(Object.entries(found).map(([name, rows]) => [name, rows.reduce((sum, [, rate]) => sum + rate, 0)]));
  return Object.keys(found).sort((a, b) => answers[b] - answers[a]).slice(0, MOST).sort();
}

/** Draw the charts of groups anew where there are other names than before. */
function tell(names, by, bounds) {
  if (known === [by, ...names].join()) return;
  known = [by, ...names].join();
  for (const { chart } of grouped) chart.figure.remove();
  grouped = names.length ? GROUPED.map(([title, said, least, place, alert]) => ({
    place, chart: placed("groups", new Chart(title, names, said, least, by === "route" ? undefined : bounds.get(alert))) })) : [];
}

function placed(where, chart) {
  id(where).append(chart.figure);
  return chart;
}
