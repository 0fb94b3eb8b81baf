// The Prometheus text format, as far as a page needs it: samples by metric name.

const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Samples of an exposition: Map of metric name to [{labels, value}]. */
export function parse(text) {
  const found = new Map();
  for (const line of text.split("\n")) {
    const match = line.startsWith("#") ? null : SAMPLE.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, name, value] of (match[2] ?? "").matchAll(LABEL)) labels[name] = value.replace(/\\(.)/g, "$1");
    const samples = found.get(match[1]) ?? [];
    samples.push({ labels, value: Number(match[3]) });
    found.set(match[1], samples);
  }
  return found;
}

/** One moment of the service. */
export class Scrape {
  constructor(text) {
    this.samples = parse(text);
  }

  of(name) {
    return this.samples.get(name) ?? [];
  }

  /** The sum of a metric's samples for which `where(labels)` holds. */
  sum(name, where = () => true) {
    return this.of(name).reduce((total, { labels, value }) => total + (where(labels) ? value : 0), 0);
  }
}
