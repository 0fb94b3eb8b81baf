/** The same data as a table, made when it is opened. */

import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, signed } from "../format.js";
import { VIEWS } from "../reading.js";

const NARROW = { forget: "forget gate", input: "input gate", output: "output gate", reset: "reset gate", update: "update gate (keeps)" };

export function mount() {
  const details = id("table");
  const body = details.querySelector(".body");
  let reading = null;
  let rows = [];
  let here = null;

  const fill = () => {
    if (!details.open || !reading) return;
    const columns = columnsOf(reading);
    rows = reading.words.map((word, t) => h("tr", { onclick: () => cursor.click(t) },
      h("td", {}, String(t + 1)), h("th", { scope: "row", class: "typed" }, word.oov ? `${word.text} (unknown)` : word.text),
      ...columns.map(([, value]) => h("td", {}, value(t)))));
    body.replaceChildren(h("table", {},
      h("caption", { class: "seen-by-readers" }, "Every word with what the network did at it"),
      h("thead", {}, h("tr", {}, ...["", "word", ...columns.map(([name]) => name)].map((name) => h(name ? "th" : "td", { scope: name ? "col" : null }, name)))),
      h("tbody", {}, ...rows)));
    point(cursor.at());
  };
  details.addEventListener("toggle", fill);

  const point = (t) => {
    here?.removeAttribute("aria-current");
    here = rows[t];
    here?.setAttribute("aria-current", "true");
  };

  return {
    point,
    rows() {
      const columns = columnsOf(reading);
      return [["word", ...columns.map(([name]) => name)], ...reading.words.map(({ text }, t) => [text, ...columns.map(([, value]) => value(t))])];
    },
    show(next) {
      reading = next;
      fill();
    },
  };
}

function columnsOf(reading) {
  const { first } = reading.target;
  const shares = Object.keys(VIEWS).filter((view) => reading.shares(view))
    .map((view) => [VIEWS[view].label, (t) => signed(reading.shares(view)[t], 3)]);
  const gates = Object.entries(reading.gates).map(([name, series]) => [NARROW[name] ?? name, (t) => series[t].toFixed(2)]);
  const kept = reading.trace.memory ? [["still there at the end", (t) => percent(reading.retained(t))]] : [];
  return [[`${first} so far`, (t) => percent(reading.running.p[t], 1)], ...shares, ...kept, ...gates];
}
