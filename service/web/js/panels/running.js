/** The verdict after every word. */

import { Chart } from "../chart.js";
import { id, s } from "../dom.js";
import { percent, signed } from "../format.js";

const MOST_LABELS = 7;
/** Smaller turns, in logits, carry no word. */
const LEAST_TURN = 0.02;

export function mount() {
  const host = id("running").querySelector(".figure");
  let reading = null;
  let other = null;

  const draw = (chart) => {
    const { p } = reading.running;
    chart.rule(1, "100 %");
    chart.rule(0.5, "50 %", "axis middle");
    chart.rule(0, "0 %");
    chart.foot(chart.first ? `word ${chart.first + 1}` : "first word", chart.end < reading.length ? `word ${chart.end}` : "last word");
    areas(chart, p);
    if (other) chart.svg.append(s("polyline", { class: "line other", points: chart.points((t) => other.running.p[t]).join(" ") }));
    chart.svg.append(s("polyline", { class: "line", points: chart.points((t) => p[t]).join(" ") }));
    const { toward, against } = reading.ends;
    chart.svg.append(
      s("text", { x: chart.x(chart.first) - 4, y: chart.y(1) - 10 }, `↑ ${toward}`),
      s("text", { x: chart.x(chart.first) - 4, y: chart.y(0) - 6 }, `↓ ${against}`));
    if (other) chart.svg.append(s("text", { x: chart.width - 14, y: chart.y(1) - 10, "text-anchor": "end" },
      `solid: ${reading.trace.model.name}, dashed: ${other.trace.model.name}`));
    turns(chart, reading, other);
    chart.heightAt = (t) => p[t];
  };
  const says = (t) => {
    const after = `after “${reading.words[t].text}”: ${percent(reading.running.p[t], 1)} ${reading.target.first}`;
    return `${after}${other ? `, ${other.trace.model.name} ${percent(other.running.p[t], 1)}` : ""}; turned by ${signed(reading.turn(t))}`;
  };
  const chart = new Chart(host, draw, says);

  return {
    light: true,
    rows: () => rows(reading, other),
    point: (t) => chart.point(t),
    show(next) {
      reading = next;
      other = null;
      chart.over(reading.length);
    },
    beside(others, chosen) {
      other = others.get(chosen) ?? null;
      chart.refresh();
    },
  };
}

function rows(reading, other) {
  const { logit, p } = reading.running;
  const beside = other ? [`${reading.target.first} by ${other.trace.model.name}`] : [];
  return [["after", "logit", reading.target.first, "turn", ...beside],
    ...reading.words.map(({ text }, t) => [text, logit[t], p[t], reading.turn(t), ...(other ? [other.running.p[t]] : [])])];
}

function areas(chart, p) {
  const clip = (name, from, to) => s("clipPath", { id: name },
    s("rect", { x: 0, width: chart.width, y: chart.y(to), height: chart.y(from) - chart.y(to) }));
  const middle = chart.y(0.5);
  const shape = `M${chart.x(chart.first)},${middle} L${chart.points((t) => p[t]).join(" L")} L${chart.x(chart.end - 1)},${middle} Z`;
  chart.svg.append(
    s("defs", {}, clip("above", 0.5, 1), clip("below", 0, 0.5)),
    s("path", { d: shape, class: "area-toward", "clip-path": "url(#above)" }),
    s("path", { d: shape, class: "area-against", "clip-path": "url(#below)" }));
}

/** The biggest turns with their words, biggest first; a label that finds no room beside the line stands further off. */
function turns(chart, reading, other) {
  const { p } = reading.running;
  const ranked = reading.ranked(Array.from({ length: reading.length }, (_, t) => reading.turn(t)))
    .filter(({ t }) => t >= chart.first && t < chart.end);
  const end = chart.x(chart.first) + 60;
  const taken = [chart.y(1) - 24, chart.y(0) - 20].map((top) => ({ left: 0, right: end, top, bottom: top + 16 }));
  if (other) taken.push({ left: chart.width - 200, right: chart.width, top: chart.y(1) - 24, bottom: chart.y(1) - 8 });
  const largest = ranked.slice(0, MOST_LABELS).filter(({ value }) => Math.abs(value) >= LEAST_TURN);
  for (const { t, value } of largest) {
    const text = clipped(reading.words[t].text);
    const up = value > 0;
    const place = places(chart, t, p[t], text, up).find(({ box }) => !taken.some((one) => overlaps(one, box)));
    chart.svg.append(s("circle", { class: `turn-dot ${up ? "toward" : "against"}`, cx: chart.x(t), cy: chart.y(p[t]), r: 3.5 }));
    if (!place) continue;
    taken.push(place.box);
    chart.svg.append(s("text", { class: "turn", x: place.x, y: place.y, "text-anchor": "middle" }, text));
  }
}

/** Where a label may stand: on the side it turned to, then on the other, then further away. */
function places(chart, t, share, text, up) {
  const half = text.length * 3.7 + 4;
  const x = Math.min(Math.max(chart.x(t), chart.x(chart.first) + half - 8), chart.width - 14 - half);
  const offsets = [-12, 20, -28, 36, -44, 52];
  return (up ? offsets : offsets.map((offset) => 8 - offset)).map((offset) => chart.y(share) + offset)
    .filter((y) => y >= chart.y(1) - 12 && y <= chart.y(0) - 4)
    .map((y) => ({ x, y, box: { left: x - half, right: x + half, top: y - 14, bottom: y + 4 } }));
}

function clipped(text) {
  return text.length > 22 ? `${text.slice(0, 21)}…` : text;
}

function overlaps(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
