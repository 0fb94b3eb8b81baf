// The page of the HTTP interface: every route and type of the OpenAPI document of this service.

import { h, id } from "../dom.js";
import * as theme from "../theme.js";
import { operations, section } from "./operation.js";
import { kind } from "./kind.js";

/** Routes in the order in which a reader wants them; the first pattern that fits counts. */
const GROUPS = [
  ["Reviews", /^\/v1\/(?!models)/],
  ["Models", /^\/v1\/models/],
  ["Open Inference Protocol", /^\/v2/],
  ["Health and metrics", /./],
];

async function show() {
  const response = await fetch("schema", { headers: { "X-Gatescope-Look": "docs" } });
  if (!response.ok) throw new Error(`/schema answers ${response.status}`);
  const spec = await response.json();
  const left = operations(spec);
  for (const [title, pattern] of GROUPS) {
    const members = left.filter(({ path }) => pattern.test(path));
    for (const member of members) left.splice(left.indexOf(member), 1);
    id("contents").append(h("h2", {}, title), h("ul", {}, ...members.map(link)));
    id("routes").append(h("h2", {}, title), ...members.map((member) => section(spec, member)));
  }
  const kinds = Object.entries(spec.components.schemas).sort(([a], [b]) => a.localeCompare(b));
  id("kinds").append(...kinds.map(([name, schema]) => kind(name, schema)));
  id("contents").append(h("h2", {}, h("a", { href: "#types" }, "Types")));
}

function link({ method, path, name }) {
  return h("li", {}, h("a", { href: `#${name}` }, h("span", { class: "method" }, method), " ", path));
}

theme.mount(() => {});
show().catch((error) => {
  id("problem").textContent = `The routes can’t be shown: ${error.message}. Reload the page to try again.`;
  id("problem").hidden = false;
}).finally(() => {
  id("main").ariaBusy = "false";
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
});
