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

/** One moment of the service: its samples and when they were read, in seconds. */
export class Scrape {
  constructor(text, seconds) {
    this.samples = parse(text);
    this.seconds = seconds;
  }

  of(name) {
    return this.samples.get(name) ?? [];
  }

  /** The sum of a metric's samples for which `where(labels)` holds. */
  sum(name, where = () => true) {
    return this.of(name).reduce((total, { labels, value }) => total + (where(labels) ? value : 0), 0);
  }
}

/** What a counter grew by a second between two scrapes; never below zero, since a restart begins anew. */
export function rate(before, now, name, where) {
  return Math.max(0, now.sum(name, where) - before.sum(name, where)) / (now.seconds - before.seconds);
}

/** The mean of a histogram's observations between two scrapes, or null where there were none. */
export function mean(before, now, name, where) {
  const count = rate(before, now, `${name}_count`, where);
  return count ? rate(before, now, `${name}_sum`, where) / count : null;
}

/** A quantile of a histogram's observations between two scrapes, by linear interpolation; null where there are none. */
export function quantile(before, now, name, share, where = () => true) {
  const bounds = [...new Set(now.of(`${name}_bucket`).map(({ labels }) => labels.le))]
    .map((le) => ({ le, end: le === "+Inf" ? Infinity : Number(le) }))
    .sort((a, b) => a.end - b.end);
  const counts = bounds.map(({ le }) => rate(before, now, `${name}_bucket`, (labels) => labels.le === le && where(labels)));
  const wanted = share * (counts.at(-1) ?? 0);
  if (!wanted) return null;
  const index = counts.findIndex((count) => count >= wanted);
  const low = index ? bounds[index - 1].end : 0;
  if (bounds[index].end === Infinity) return low;
  const below = index ? counts[index - 1] : 0;
  return low + ((bounds[index].end - low) * (wanted - below)) / (counts[index] - below);
}
