// What is no line over time: label shares, routes, drift with both distributions.

import { h, s } from "../dom.js";

function table(head, rows) {
  const cell = (name, value) => h(name, { class: typeof value === "number" ? "number" : "" }, typeof value === "number" ? value.toLocaleString("en") : value);
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((value) => cell("td", value))))),
  );
}

/** How often each model gave each label. */
export function labels(scrape) {
  const samples = scrape.of("gatescope_predictions_total");
  const total = new Map();
  for (const { labels, value } of samples) total.set(labels.model, (total.get(labels.model) ?? 0) + value);
  const rows = samples.map(({ labels, value }) => {
    const all = total.get(labels.model);
    return [labels.model, labels.version, labels.label, value, all ? `${((100 * value) / all).toFixed(1)} %` : "–"];
  });
  return table(["model", "version", "label", "answers", "share"], rows);
}

const SECONDS = "http_server_request_duration_seconds";
const milliseconds = (seconds) => `${(1000 * seconds).toFixed(1)} ms`;

/** Answers of each route by status, the most frequent first, with their mean and the time within which 99 in 100 came. */
export function routes(scrape) {
  const rows = scrape.of(`${SECONDS}_count`).filter(({ value }) => value).map(({ labels, value }) => {
    const same = (of) => Object.entries(labels).every(([name, is]) => of[name] === is);
    const bound = scrape.of(`${SECONDS}_bucket`).find((bucket) => same(bucket.labels) && bucket.value >= 0.99 * value);
    const most = bound && bound.labels.le !== "+Inf" ? `under ${milliseconds(Number(bound.labels.le))}` : "over the last bound";
    return [labels.http_request_method, labels.http_route, labels.http_response_status_code, value, milliseconds(scrape.sum(`${SECONDS}_sum`, same) / value), most];
  });
  return table(["method", "route", "status", "answers", "mean", "99 in 100"], rows.sort((a, b) => b[3] - a[3]));
}

const NAMES = { words: "words of a review", unknown_rate: "share of unknown words", confidence: "confidence", labels: "labels" };

/** One small picture for each model and feature that has seen reviews. */
export function drift(scrape) {
  const reference = grouped(scrape.of("gatescope_drift_reference_counts"));
  const now = grouped(scrape.of("gatescope_drift_window_counts"));
  return scrape
    .of("gatescope_drift_psi")
    .map(({ labels, value }) => feature(labels, value, now.get(key(labels)), reference.get(key(labels))));
}

function key({ model, version, feature }) {
  return `${model} ${version} ${feature}`;
}

function grouped(samples) {
  const groups = new Map();
  for (const { labels, value } of samples) {
    const group = groups.get(key(labels)) ?? new Map();
    groups.set(key(labels), group.set(labels.bin, value));
  }
  return groups;
}

function shares(counts, bins) {
  const total = [...counts.values()].reduce((sum, value) => sum + value, 0);
  return bins.map((bin) => (total ? (counts.get(bin) ?? 0) / total : 0));
}

/** Reviews that a window must hold before its index says anything; the alert waits for as many. */
const LEAST_REVIEWS = 500;

function feature(labels, index, now, reference) {
  const reviews = [...now.values()].reduce((sum, value) => sum + value, 0);
  const bins = [...reference.keys()];
  const [present, past] = [shares(now, bins), shares(reference, bins)];
  const highest = Math.max(...present, ...past);
  const width = 300 / bins.length;
  const bars = bins.flatMap((bin, place) => {
    const bar = (share, kind) => {
      const height = (72 * share) / highest;
      return s("rect", { class: kind, x: place * width + 2, y: 74 - height, width: width - 4, height });
    };
    const title = s("title", {}, `${bin}: ${(100 * present[place]).toFixed(1)} % now, ${(100 * past[place]).toFixed(1)} % at validation`);
    return [s("g", {}, title, bar(present[place], "now"), bar(past[place], "then"))];
  });
  const said = `${NAMES[labels.feature] ?? labels.feature}: stability index ${index.toFixed(3)}`;
  const picture = s("svg", { viewBox: "0 0 300 76", preserveAspectRatio: "none", role: "img", "aria-label": said }, ...bars);
  const enough = reviews >= LEAST_REVIEWS;
  const moved = enough && index > 0.25;
  const verdict = h("span", { class: moved ? "moved" : "quiet" }, enough ? ` ${index.toFixed(3)}${moved ? " moved" : ""}` : " too few reviews to tell");
  return h("div", { class: "feature" }, h("h3", {}, `${labels.model}: ${NAMES[labels.feature] ?? labels.feature}`, verdict), picture, h("p", { class: "quiet small" }, `${bins[0]} … ${bins.at(-1)}; window of ${reviews.toLocaleString("en")} reviews`));
}
