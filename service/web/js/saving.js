/** Every panel as a file: the picture as SVG and PNG, its numbers as CSV. */

import { h } from "./dom.js";
import { picture } from "./vector.js";

/** Pixels of a PNG for each of the screen, and the most that browsers draw on one side. */
const SHARPNESS = 2;
const LONGEST = 16_000;

/** Give every panel its files; `rows(panel)` are its numbers, the names of the columns first. */
export function mount(panels, fail) {
  for (const [name, panel] of Object.entries(panels)) {
    const section = document.getElementById(name);
    if (!panel.rows) continue;
    const files = {
      SVG: async () => new Blob([vector(section)], { type: "image/svg+xml" }),
      PNG: () => raster(section),
      CSV: async () => new Blob([csv(panel.rows())], { type: "text/csv" }),
    };
    const buttons = Object.entries(files).map(([kind, make]) => h("button", {
      type: "button",
      onclick: () => make().then((blob) => save(blob, `${name}.${kind.toLowerCase()}`), fail),
    }, kind));
    const menu = h("details", { class: "save" }, h("summary", {}, "save"), h("div", { class: "controls" }, ...buttons));
    section.insertBefore(menu, section.querySelector(":scope > .how"));
  }
}

/** Hand a file to the person. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function vector(section) {
  return new XMLSerializer().serializeToString(picture(section));
}

async function raster(section) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(vector(section))}`;
  await image.decode();
  const scale = Math.min(SHARPNESS, LONGEST / Math.max(image.width, image.height));
  const canvas = new OffscreenCanvas(image.width * scale, image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob();
}

/** RFC 4180: a field with a comma, a quote or a line break stands in quotes. */
function csv(rows) {
  const field = (value) => (/[",\r\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  return rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}
