/** A picture in two layers: cells drawn once, and above them the cursor, which alone is drawn again as it moves. */

import { h } from "./dom.js";

export class Layers {
  /** Two canvases in `host`; `redraw` is called when their size changes. */
  constructor(host, redraw) {
    this.base = h("canvas", { "aria-hidden": "true" });
    this.over = h("canvas", { "aria-hidden": "true", class: "over" });
    this.host = host;
    host.replaceChildren(this.base, this.over);
    new ResizeObserver(() => this.fit() && redraw()).observe(host);
    this.fit();
  }

  /** Take the size of the host; true where it differs from before. */
  fit() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    Object.assign(this, { width, height, ratio });
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    return width > 0;
  }

  /** A cleared layer, in CSS pixels. */
  clear(layer) {
    const context = this[layer].getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    return context;
  }
}

/** A picture of one pixel a cell: `colour(row, column)` gives `[r, g, b]`, or null for none. */
export function cells(rows, columns, colour) {
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const rgb = colour(row, column);
      if (rgb) pixels[row * columns + column] = 0xff000000 | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0];
    }
  }
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
