/** What the page asks of the service. Texts travel in bodies, never in addresses. */

import { decode } from "./msgpack.js";

const MSGPACK = "application/x-msgpack";
let key = "";

/** An answer that is no success; `message` says what happened, `status` is 0 where no answer came. */
export class Failure extends Error {
  constructor(status, title, detail = "", retryAfter = 0) {
    super(detail ? `${title}: ${detail}` : title);
    Object.assign(this, { status, title, detail, retryAfter });
  }
}

/** Send this API key from now on; it is kept by this page alone, until it is closed. */
export function useKey(value) {
  key = value;
}

/** The cards of all served models. */
export async function models() {
  return (await (await call("v1/models")).json()).models;
}

/** The trace of `body.text`, at the precision of pictures. */
export async function trace(body, signal) {
  const response = await call("v1/trace", { body: { ...body, half: true }, signal, accept: MSGPACK });
  return decode(await response.arrayBuffer());
}

/** The same trace as an archive of arrays for NumPy. */
export async function archive(body) {
  return (await call("v1/trace", { body, accept: "application/x-npz" })).blob();
}

/** Every model's prediction of `text`. */
export async function compare(text, signal) {
  return (await (await call("v1/compare", { body: { text }, signal })).json()).predictions;
}

/** Texts that differ from `body.text` by the fewest words and have another verdict. */
export async function counterfactuals(body) {
  return (await call("v1/counterfactuals", { body })).json();
}

/** Every unit of a model over its corpus. */
export async function units(model) {
  return (await call(`${of(model)}/units`)).json();
}

/** Where a unit is highest and lowest in the corpus. */
export async function unitPlaces(model, unit) {
  return (await call(`${of(model)}/units/${unit}`)).json();
}

/** The reviews of a corpus by right label and answer. */
export async function slices(model) {
  return (await call(`${of(model)}/slices`)).json();
}

/** The units that are on in a phrase, and like places of the corpus. */
export async function similar(model, body, signal) {
  return (await call(`${of(model)}/similar`, { body, signal })).json();
}

/** The model's answer to `body.text`, without a trace. */
export async function predict(body, signal) {
  return (await call("v1/predict", { body, signal })).json();
}

/** A socket that takes a text as it is typed. Its key, which a browser can't send as a header, is a subprotocol. */
export function typedText() {
  const address = new URL("v1/stream", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const hidden = btoa(String.fromCharCode(...new TextEncoder().encode(key))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return new WebSocket(address, key ? ["gatescope", `gatescope.key.${hidden}`] : []);
}

/** Every version in the repository with its state, and why it is not served. */
export async function repository() {
  return (await call("v2/repository/index", { body: {} })).json();
}

/** Serve a version of a model in place of what is served of it; resolves when all worker processes do. */
export async function load(model, version) {
  await call(`v2/repository/models/${encodeURIComponent(model)}/load`, { body: { parameters: { version } }, look: false });
}

/** Stop serving a model; resolves when its accepted requests are answered. */
export async function unload(model) {
  await call(`v2/repository/models/${encodeURIComponent(model)}/unload`, { body: {}, look: false });
}

/** Figures of the service: `/metrics` or what it has kept of them. */
export async function figures(path) {
  return call(path, { accept: "*/*" });
}

const of = (model) => `v1/models/${encodeURIComponent(model)}`;

/** `look`: a request that only looks is no production. */
async function call(path, { body, signal, accept = "application/json", look = true } = {}) {
  const headers = { Accept: accept, ...(look && { "X-Gatescope-Look": "page" }) };
  if (key) headers.Authorization = `Bearer ${key}`;
  const request = { headers, signal, cache: "no-store" };
  if (body) {
    headers["Content-Type"] = "application/json";
    Object.assign(request, { method: "POST", body: JSON.stringify(body) });
  }
  const response = await fetch(path, request).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "The service does not answer");
  });
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response) {
  const after = Number(response.headers.get("Retry-After")) || 0;
  const problem = await response.json().catch(() => ({}));
  return new Failure(response.status, problem.title ?? problem.error ?? response.statusText, problem.detail, after);
}
