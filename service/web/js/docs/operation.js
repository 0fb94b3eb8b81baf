/** One route: what it takes, what it answers, and a command that does it. */

import { h, id } from "../dom.js";
import { example, field, fields, prose, resolved, words } from "./kind.js";

/** Every operation of the document: its method, path, name and description. */
export function operations(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, name: operation.operationId, operation })));
}

/** The section of one operation. */
export function section(spec, { method, path, name, operation }) {
  const body = operation.requestBody;
  return h("section", { class: "route", "aria-labelledby": name },
    h("h3", { id: name }, h("span", { class: "method" }, method), " ", path),
    h("p", {}, ...prose(`${operation.summary}.`)),
    operation.parameters && part("Parameters", h("dl", {}, ...operation.parameters.flatMap(parameter))),
    body && part(body.required ? "Body" : "Body, if any", ...Object.entries(body.content).map((form) => described(spec, form))),
    part("Try it", command(curl(spec, method, path, operation))),
    part("Answers", h("dl", { class: "answers" }, ...Object.entries(operation.responses).flatMap((answer) => answered(spec, answer)))));
}

function part(title, ...children) {
  return h("div", { class: "part" }, h("h4", {}, title), ...children);
}

function parameter({ name, in: place, required, schema, description }) {
  return field(name, [...words(schema), `, in the ${place}`], required && place !== "path", description);
}

/** A media type with the type of what comes in it, and the fields of that. */
function described(spec, [form, { schema }]) {
  const inner = schema.contentMediaType ? prose(schema.description) : words(schema);
  return h("div", {}, h("code", {}, form), ": ", ...inner, fields(resolved(spec, schema)));
}

function answered(spec, [status, { description, content = {} }]) {
  const [, first] = Object.entries(content)[0] ?? [];
  const shown = status === "200" && first && resolved(spec, first.schema).examples?.[0];
  const forms = Object.entries(content).map(([form, { schema }]) => h("div", {}, h("code", {}, form), ...named(schema)));
  const said = status === "200" && forms.length ? forms : [description.replaceAll("; ", " · ")];
  return [h("dt", {}, h("code", {}, status)), h("dd", {}, ...said, shown ? h("pre", {}, JSON.stringify(shown, null, 2)) : null)];
}

function named(schema) {
  return schema.contentMediaType || schema.format === "binary" ? [] : [": ", ...words(schema)];
}

/** A shell command that sends the first example of everything that is needed. */
function curl(spec, method, path, { parameters = [], requestBody }) {
  const filled = parameters.filter((one) => one.in === "path")
    .reduce((address, one) => address.replace(`{${one.name}}`, example(spec, one.schema)), path);
  const lines = [`curl -s ${method === "GET" ? "" : `-X ${method} `}${new URL(`.${filled}`, document.baseURI).href}`];
  if (requestBody) {
    const body = JSON.stringify(example(spec, requestBody.content["application/json"].schema));
    lines.push("-H 'Content-Type: application/json'", `-d '${body.replaceAll("'", "'\\''")}'`);
  }
  return lines.join(" \\\n  ");
}

function command(text) {
  const copy = () => navigator.clipboard.writeText(text)
    .then(() => "copied", () => "the browser does not allow copying here")
    .then((said) => { button.textContent = id("copied").textContent = said; });
  const button = h("button", { type: "button", onclick: copy }, "copy");
  return h("div", { class: "command" }, h("pre", {}, h("code", {}, text)), button);
}
