/** The types of the document: in words, field by field, and as an example. */

import { h } from "../dom.js";

const PREFIX = "#/components/schemas/";

/** A named type with its fields. */
export function kind(name, schema) {
  return h("section", { class: "kind", "aria-labelledby": `type-${name}` },
    h("h3", { id: `type-${name}` }, name),
    schema.description && h("p", {}, ...prose(schema.description)),
    fields(schema) ?? h("p", { class: "quiet" }, ...words(schema)));
}

/** The fields of an object as a list of definitions; null where it has none. */
export function fields(schema) {
  const all = Object.entries(schema.properties ?? {});
  const shown = all.flatMap(([key, inner]) => field(key, words(inner), schema.required?.includes(key), inner.description));
  return shown.length ? h("dl", {}, ...shown) : null;
}

/** A field or a parameter, as two children of a list of definitions. */
export function field(name, type, required, description) {
  return [h("dt", {}, h("code", {}, name), " ", h("span", { class: "quiet" }, ...type, required ? ", required" : "")),
    h("dd", {}, ...prose(description ?? ""))];
}

/** A text with what stands between backticks set as code. */
export function prose(text) {
  return text.split("`").map((piece, index) => (index % 2 ? h("code", {}, piece) : piece));
}

/** The schema that a reference leads to. */
export function resolved(spec, schema) {
  return schema.$ref ? spec.components.schemas[schema.$ref.slice(PREFIX.length)] : schema;
}

/** What a value of this type is, in words; named types are links. */
export function words(schema) {
  if (schema.$ref) return [link(schema.$ref.slice(PREFIX.length))];
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return choices.flatMap((one, index) => (index ? [" or ", ...words(one)] : words(one)));
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" or ")];
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.type === "array") return schema.items ? ["list of ", ...words(schema.items)] : ["list"];
  if (schema.type === "object" && typeof schema.additionalProperties === "object") return ["object of ", ...words(schema.additionalProperties)];
  return [[schema.format, schema.type ?? "anything"].filter(Boolean).join(" "), bounds(schema)];
}

function bounds({ minimum, exclusiveMinimum, exclusiveMaximum, maximum, default: otherwise }) {
  return [
    minimum !== undefined && `, at least ${minimum}`, exclusiveMinimum !== undefined && `, more than ${exclusiveMinimum}`,
    maximum !== undefined && `, at most ${maximum}`, exclusiveMaximum !== undefined && `, less than ${exclusiveMaximum}`,
    otherwise !== undefined && otherwise !== null && `, else ${JSON.stringify(otherwise)}`,
  ].filter(Boolean).join("");
}

function link(name) {
  return h("a", { href: `#type-${name}` }, name);
}

/** A value of this type: its first example, or what it must have. */
export function example(spec, schema) {
  if (schema.$ref) return example(spec, resolved(spec, schema));
  if (schema.examples?.length) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices) return example(spec, choices[0]);
  if (schema.enum) return schema.enum[0];
  if (schema.type === "array") return schema.items ? [example(spec, schema.items)] : [];
  if (schema.type === "object") {
    return Object.fromEntries((schema.required ?? []).map((key) => [key, example(spec, schema.properties[key])]));
  }
  return { string: "text", integer: 1, number: 1, boolean: true }[schema.type] ?? null;
}
