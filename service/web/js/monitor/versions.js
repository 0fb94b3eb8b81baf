// Every version in the repository; who has the key may load and unload them.

import * as api from "../api.js";
import { h, id } from "../dom.js";

const said = id("versions-say");
let told = "";

/** Show the versions of the repository, or of those that `scrape` knows where a key is needed for more. */
export async function show(scrape) {
  const found = await api.repository().catch((error) => {
    if (error.status !== 401 && error.status !== 403) throw error;
    id("key").hidden = false;
    return scrape.of("gatescope_model_info").filter(({ value }) => value).map(({ labels }) => ({ name: labels.model, version: labels.version, state: "READY", reason: "" }));
  });
  const facts = found.map((one) => ({ ...one, ...of(one, scrape) }));
  const next = JSON.stringify(facts);
  if (next === told) return;
  told = next;
  id("versions").replaceChildren(h("table", {},
    h("thead", {}, h("tr", {}, ...["model", "version", "state", "also called", "cell", "loaded in", "sha256", "change"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...facts.map(row))));
}

/** What the metrics say of a version that is served. */
function of({ name, version }, scrape) {
  const the = (metric) => scrape.of(metric).filter(({ labels, value }) => labels.model === name && labels.version === version && value);
  const [info] = the("gatescope_model_info");
  const [loaded] = the("gatescope_model_load_duration_seconds");
  return {
    cell: info?.labels.cell.toUpperCase() ?? "–",
    sha256: info?.labels.sha256.slice(0, 12) ?? "–",
    seconds: loaded ? `${loaded.value.toFixed(2)} s` : "–",
    aliases: the("gatescope_model_alias").map(({ labels }) => labels.alias).join(", ") || "–",
  };
}

function row({ name, version, state, reason, aliases, cell, seconds, sha256 }) {
  const served = state === "READY";
  const change = served
    ? h("button", { type: "button", onclick: () => stop(name) }, `stop serving ${name}`)
    : h("button", { type: "button", disabled: state === "LOADING", onclick: () => serve(name, version) }, `serve ${name} v${version}`);
  return h("tr", { class: served ? "" : "quiet" }, ...[name, version].map((value) => h("td", {}, value)),
    h("td", { class: "reason" }, served ? "served" : state === "LOADING" ? "loading" : reason === "not loaded" ? "not served" : `refused: ${reason}`),
    ...[aliases, cell, seconds, sha256].map((value) => h("td", {}, value)), h("td", {}, change));
}

function serve(name, version) {
  return changed(`loading ${name} v${version} …`, () => api.load(name, Number(version)), `${name} v${version} is served; its mark is on the charts.`);
}

function stop(name) {
  if (!confirm(`Stop serving ${name}? Requests for it will get 404 until it is loaded again.`)) return;
  return changed(`${name} finishes what it has accepted …`, () => api.unload(name), `${name} is served no longer.`);
}

async function changed(doing, change, done) {
  said.textContent = doing;
  try {
    await change();
    said.textContent = done;
  } catch (error) {
    const barred = error.status === 401 || error.status === 403;
    id("key").hidden &&= !barred;
    said.textContent = barred ? `${error.message}. Loading and unloading need a key with the scope admin.` : error.message;
  }
}

/** Send the key that is typed from now on. This page alone has it, until it is closed. */
export function mount() {
  id("key").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.key;
    api.useKey(field.value);
    field.value = "";
    told = "";
    said.textContent = "The key is sent from now on; this page forgets it when it is closed.";
  });
}
