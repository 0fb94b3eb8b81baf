// What is wrong now, the worst first, with what to do about it.

import { h, id } from "../dom.js";

const MEANS = { page: "act now", ticket: "by daylight" };
let told = "";

/** Show the alerts that hold; the same ones are not told again to those who listen. */
export function show(held) {
  const next = JSON.stringify(held);
  if (next === told) return;
  told = next;
  id("alerts").replaceChildren(...(held.length ? held.map(alert) : [h("li", { class: "quiet" }, "Nothing: no alert holds.")]));
}

function alert({ name, severity, says, remedy }) {
  return h("li", { class: severity },
    h("p", {}, h("b", {}, says), h("span", { class: "small" }, ` ${MEANS[severity]}`)),
    h("p", {}, remedy),
    h("p", { class: "quiet small" }, "More: ", h("code", {}, `docs/runbook.md#${name.toLowerCase()}`)));
}
