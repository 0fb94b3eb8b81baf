/** How strongly each earlier word's hidden state can still move the verdict: RNN, GRU and LSTM side by side. */

import { Chart } from "../chart.js";
import { id, s } from "../dom.js";
import { percent } from "../format.js";

const KINDS = { rnn: "line dotted-line", gru: "line other" };
const FLOOR = 1e-8;

export function mount() {
  const host = id("gradient").querySelector(".figure");
  let readings = [];

  const draw = (chart) => {
    const all = readings.flatMap((reading) => Array.from(reading.pull));
    const low = Math.floor(Math.log10(Math.max(FLOOR, Math.min(...all))));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all, FLOOR))));
    const height = (value) => (Math.log10(Math.max(FLOOR, value)) - low) / (high - low);
    const every = Math.ceil((high - low) / 5);
    for (let power = low; power <= high; power += every) chart.rule(height(10 ** power), power ? `10${superscript(power)}` : "1");
    const before = (t) => (t ? `${t} words before the end` : "the last word");
    chart.foot(before(chart.length - chart.first), before(chart.length - chart.end));
    const names = readings.map((reading) => {
      const series = reading.pull;
      chart.svg.append(s("polyline", { class: KINDS[reading.cell] ?? "line", points: chart.points((t) => height(series[t])).join(" ") }));
      return reading.cell;
    });
    key(chart, names);
    const mine = readings[0].pull;
    chart.heightAt = (t) => height(mine[t]);
  };
  const says = (t) => {
    const each = readings.map((reading) => `${reading.cell.toUpperCase()} ${Number(reading.pull[t].toPrecision(2))}`);
    return `after “${readings[0].words[t].text}”: ${each.join(", ")}`;
  };
  const chart = new Chart(host, draw, says);

  const show = (reading, others) => {
    const seen = new Set();
    readings = [reading, ...others].filter((one) =>
      one.trace.gradient && one.length === reading.length && !seen.has(one.cell) && seen.add(one.cell));
    if (!readings.length) return;
    id("gradient-says").textContent =
      "How strongly the state after each word can still move the verdict. " + (readings[0].trace.model.pooling === "last"
        ? `The head reads the last state alone, so every earlier word must pass through all steps between. ${fading(readings)}`
        : `The head pools over all words (${readings[0].trace.model.pooling}), so no word is cut off altogether.`);
    chart.over(reading.length);
  };
  let current = null;
  return {
    parts: ["gradient"],
    rows: () => [["after", ...readings.map(({ trace }) => trace.model.name)],
      ...readings[0].words.map(({ text }, t) => [text, ...readings.map((reading) => reading.pull[t])])],
    partsBeside: ["gradient"],
    point: (t) => chart.point(t),
    show: (reading) => show((current = reading), []),
    beside: (others) => show(current, [...others.values()]),
  };
}

/** How much of what the last word has is left at the first. */
function fading(readings) {
  if (readings[0].length < 2) return "";
  const left = readings.map(({ cell, pull }) => `${cell.toUpperCase()} ${share(pull[0] / pull[pull.length - 1])}`);
  return `Of its strength at the last word the first has: ${left.join(", ")}.`;
}

function share(value) {
  return value < 0.0001 ? "under 0.01 %" : percent(value, value < 0.001 ? 2 : value < 0.1 ? 1 : 0);
}

/** A key above the chart: a piece of each line with its name. */
function key(chart, names) {
  names.forEach((name, i) => {
    const x = chart.x(chart.first) + i * 84;
    chart.svg.append(
      s("line", { class: KINDS[name] ?? "line", x1: x, x2: x + 30, y1: 10, y2: 10 }),
      s("text", { class: "series", x: x + 37, y: 14 }, name.toUpperCase()));
  });
}

function superscript(power) {
  return String(power).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}
