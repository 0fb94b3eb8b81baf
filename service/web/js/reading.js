/** One trace, with the questions that the panels ask of it. Words count from 0; shares are in logits of the target. */

/** The ways to look at the review: where each takes its shares from, and what they mean. */
export const VIEWS = {
  word: { label: "word", says: "what each word itself brought to the verdict, through every step behind it" },
  written: { label: "written", says: "what was written at each word into the memory and is still there at the end" },
  removed: { label: "removed", says: "how far the verdict falls when the word alone is made unknown" },
  disagreement: { label: "disagreement", says: "what a word did through other words: removed minus the ledger" },
};

export class Reading {
  constructor(trace, text) {
    this.trace = trace;
    this.text = text;
    this.words = trace.words;
    this.length = trace.words.length;
    this.cell = trace.model.cell;
    this.running = trace.running;
    this.target = trace.prediction.target;
    this.gates = trace.gates?.values ?? {};
  }

  /** The ledger that the verdict is told with: what each word brought. */
  get ledger() {
    return this.trace.ledgers.deep;
  }

  /** How many words the model does not know. */
  get unknown() {
    return this.words.filter((word) => word.oov).length;
  }

  /** The shares `[T]` of a view; null where this trace or this cell has none. */
  shares(view) {
    const { ledgers, occlusion, interaction } = this.trace;
    return {
      word: ledgers.deep.words,
      written: ledgers.write?.words,
      removed: occlusion?.words,
      disagreement: interaction?.words,
    }[view] ?? null;
  }

  /** The view asked for, or the nearest one that there is. */
  viewOr(view) {
    return this.shares(view) ? view : "word";
  }

  /** What the two ends of the scale are called. */
  get ends() {
    const { first, second } = this.target;
    return { toward: first, against: second ?? `not ${first}` };
  }

  /** Share of what word t wrote that is still there at the end; null where the cell can't say. */
  retained(t) {
    return this.trace.memory?.retained_at_end?.[t] ?? null;
  }

  /** How strongly the state after each word can still move the verdict, `[T]`: the gradient's length in the top layer. */
  get pull() {
    const { norm } = this.trace.gradient;
    return norm.subarray((norm.shape[0] - 1) * norm.shape[1]);
  }

  /** How far word t turned the running logit. */
  turn(t) {
    const { logit } = this.running;
    return logit[t] - (t ? logit[t - 1] : this.trace.prediction.bias);
  }

  /** The words by |value|, largest first. */
  ranked(values) {
    return Array.from(values, (value, t) => ({ t, value })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  }

  /** The word that mattered most; a punctuation mark only where there is nothing else. */
  get strongest() {
    const ranked = this.ranked(this.ledger.words);
    return (ranked.find(({ t }) => /[\p{L}\p{N}]/u.test(this.words[t].text)) ?? ranked[0]).t;
  }

  /** The row of a unit, as it was chosen, among the selected ones: `first` is the one that mattered most; -1: none. */
  row(chosen) {
    return chosen === "first" ? 0 : this.trace.units.selected.indexOf(Number(chosen));
  }

  /** One tensor of one selected unit over time `[T]`, with `row` its place among the selected. */
  unit(name, row) {
    const values = this.trace.tensors?.values[name];
    if (!values) return null;
    const [, steps, units] = values.shape;
    return Float32Array.from({ length: steps }, (_, t) => values[t * units + row]);
  }

  /** The sentence that says everything about word t, for readers of the screen. */
  sentence(t) {
    const word = this.words[t];
    const share = this.ledger.words[t];
    const { first } = this.target;
    const kept = this.retained(t);
    const parts = [
      `${word.text}, word ${t + 1} of ${this.length}`,
      `${share < 0 ? "minus" : "plus"} ${Math.abs(share).toFixed(2)} toward ${first}`,
      `verdict so far ${Math.round(100 * this.running.p[t])} % ${first}`,
    ];
    if (kept !== null) parts.push(`${Math.round(100 * kept)} % of what it wrote is still in the state at the end`);
    if (word.oov) parts.push("a word that the model does not know");
    return `${parts.join("; ")}.`;
  }
}

/** Shares smaller than this, in logits, are never drawn in full colour: they move a verdict from 50 to 56 %. */
const LEAST = 0.25;
/** The end of the scale that is the same for every text, in logits. */
export const FIXED = 2;

/** What of these ends holds for the shares of a single unit. */
export const OF_A_UNIT = 0.2;

/** The end of the colour scale for shares: that of this text, or the fixed one; `part` of it where the shares are of a part. */
export function scaleEnd(shares, scale, part = 1) {
  return scale === "fixed" ? part * FIXED : Math.max(part * LEAST, largest(shares));
}

/** The end of the scale in words. */
export function endOf(most, scale) {
  return `${most.toFixed(2)} logits${scale === "fixed" ? " or more" : ""}`;
}

/** The largest |value|, at least a hair above zero so that it can be divided by. */
export function largest(values) {
  let most = 1e-9;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}
