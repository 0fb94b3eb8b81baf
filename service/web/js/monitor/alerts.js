// What is wrong now, the worst first, with what to do about it; and how near every alert is.

import { h, id } from "../dom.js";

const MEANS = { page: "act now", ticket: "by daylight" };
/** How many times its bound the end of a level's bar stands for. */
const OVER = 1.5;
let told = "";

/** Show the alerts that hold and the levels of all; what is the same is not told again to those who listen. */
export function show(held, levels) {
  id("levels").replaceChildren(...levels.map(level));
  const next = JSON.stringify(held);
  if (next === told) return;
  told = next;
  id("alerts").replaceChildren(...(held.length ? held.map(alert) : [h("li", { class: "quiet" }, "Nothing: no alert holds.")]));
}

function alert({ name, severity, says, remedy }) {
  return h("li", { class: severity },
    h("p", {}, h("b", {}, says), h("span", { class: "small" }, ` ${MEANS[severity]}`)),
    h("p", {}, ...remedy.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part))),
    h("p", { class: "small" }, h("a", { href: `runbook#${name.toLowerCase()}` }, `${name} in the runbook`)));
}

function level({ name, severity, description, value, bound, value_says: says, bound_says: over }) {
  const holds = value > bound;
  const bar = h("div", { class: "level", "aria-hidden": "true" }, h("span", {}));
  bar.firstChild.style.setProperty("--filled", bound ? Math.min(1, value / bound / OVER) : Number(holds));
  bar.style.setProperty("--bound", bound ? 1 / OVER : 0);
  return h("tr", { class: holds ? "holds" : "" },
    h("th", { scope: "row" }, h("a", { href: `runbook#${name.toLowerCase()}` }, name.replace("Gatescope", ""))),
    h("td", {}, holds ? MEANS[severity] : "quiet"), h("td", {}, bar), h("td", { class: "number" }, says),
    h("td", { class: "number" }, over), h("td", {}, description));
}
