/** What the tour tells of each cell. Every number is one of the reading; the words are those that its numbers choose. */

import { percent, plain, signed } from "./format.js";

/** The steps by cell, in order: the panel a step is told at, the parts of the cell drawing it is about, its word, its sentence. */
export const STORIES = {
  lstm: [
    step("review", [], strongest, verdict),
    step("cell", [], mostWritten, beginning),
    step("cell", ["before", "forget", "kept"], mostWritten, forgetting),
    step("cell", ["input"], mostWritten, lettingIn),
    step("cell", ["input", "candidate", "written"], mostWritten, writing),
    step("cell", ["kept", "written", "cell"], mostWritten, adding),
    step("cell", ["output", "squashed", "cell", "hidden"], mostWritten, showing),
    step("memory", [], soonestGone, fading),
  ],
  gru: [
    step("review", [], strongest, verdict),
    step("cell", ["hiddenBefore", "update", "kept", "renewed", "candidate", "written", "hidden"], mostWritten, updating),
  ],
  mingru: [
    step("review", [], strongest, verdict),
    step("cell", ["hiddenBefore", "update", "kept", "renewed", "candidate", "written", "hidden"], mostWritten, updating),
  ],
  rnn: [step("gradient", [], () => 0, vanishing)],
};

const NAMES = { lstm: "LSTM", gru: "GRU", mingru: "minGRU", rnn: "RNN" };

const HOW = {
  lstm: "It read them one by one, from left to right, and could not look back: what it knows of the words before, it has to remember.",
  gru: "It does with two gates what an LSTM does with three.",
  mingru: "Its one gate looks at the word alone.",
};

function step(panel, parts, word, says) {
  return { panel, parts, word, says };
}

function strongest(reading) {
  return reading.strongest;
}

/** The word, not the first, that the unit that mattered most wrote most at. */
function mostWritten(reading) {
  const candidate = reading.unit("candidate", 0);
  const open = reading.unit("input", 0) ?? reading.unit("update", 0).map((keeps) => 1 - keeps);
  return best(reading, (t) => (t ? Math.abs(candidate[t] * open[t]) : -1));
}

/** The word of whose writing the next word leaves least. */
function soonestGone(reading) {
  return best(reading, (t) => (t + 1 < reading.length ? 1 - leftByTheNext(reading, t) : -1));
}

/** The word with the highest `score(t)`; punctuation marks are passed over. */
function best(reading, score) {
  const words = reading.words.map(({ text }, t) => ({ text, t })).filter(({ text }) => /[\p{L}\p{N}]/u.test(text));
  return words.reduce((most, one) => (score(one.t) > score(most.t) ? one : most)).t;
}

function leftByTheNext(reading, t) {
  return reading.trace.memory.retention[t * reading.length + t + 1];
}

/** The numbers at word t of the unit that mattered most, by name; `before` and `hiddenBefore` are its states one word earlier. */
function numbers(reading, t) {
  const at = (name, time) => (time < 0 ? 0 : reading.unit(name, 0)?.[time]);
  const named = Object.fromEntries(Object.keys(reading.gates).map((name) => [name, at(name, t)]));
  return { ...named, before: at("cell", t - 1), hiddenBefore: at("hidden", t - 1) };
}

function quoted(reading, t) {
  return `“${reading.words[t].text}”`;
}

function answer(reading) {
  const { label, probabilities } = reading.trace.prediction;
  return `The ${NAMES[reading.cell]} says ${label}, ${percent(probabilities[label])}`;
}

function verdict(reading) {
  const named = reading.ranked(reading.ledger.words).filter(({ t }) => /[\p{L}\p{N}]/u.test(reading.words[t].text));
  const most = named.slice(0, 3).map(({ t, value }) => `${quoted(reading, t)} ${signed(value)}`).join(", ");
  const least = named.slice(-2).map(({ t }) => quoted(reading, t)).join(" and ");
  return `${answer(reading)}. Of its words, these brought most: ${most}; ${least} brought least. ${HOW[reading.cell]}`;
}

function beginning(reading, t) {
  const { hidden_size: size } = reading.trace.model;
  return `It remembers in ${size} cells, a number each. This is one of them, of unit ${reading.trace.units.selected[0]}, which mattered most, as `
    + `${quoted(reading, t)} is read. Its three gates are valves: 0 is shut, 1 is open. Each looks at the word and at the state before.`;
}

function forgetting(reading, t) {
  const { before, forget } = numbers(reading, t);
  return `The forget gate says how much of the memory is kept. The cell held ${signed(before)} when ${quoted(reading, t)} came; the gate `
    + `stands at ${plain(forget)}: ${plain(forget)} × ${signed(before)} = ${signed(forget * before)} is kept, the rest forgotten.`;
}

function lettingIn(reading, t) {
  return `The input gate says how much of what ${quoted(reading, t)} brings may come in: ${plain(numbers(reading, t).input)}.`;
}

function writing(reading, t) {
  const { candidate, input } = numbers(reading, t);
  return `The candidate is what ${quoted(reading, t)} proposes: ${signed(candidate)}. Input gate times candidate is written: `
    + `${plain(input)} × ${signed(candidate)} = ${signed(input * candidate)}.`;
}

function adding(reading, t) {
  const { forget, before, input, candidate, cell } = numbers(reading, t);
  return `The new cell is what was kept plus what was written: ${signed(forget * before)} and ${signed(input * candidate)} make ${signed(cell)}.`;
}

function showing(reading, t) {
  const { output, cell, hidden } = numbers(reading, t);
  return `The output gate says how much of the memory is shown: ${plain(output)} × tanh(${signed(cell)}) = ${signed(hidden)}. `
    + "That is the hidden state, which the verdict and the next word see.";
}

function fading(reading, t) {
  return `Other words are let go. Of what ${quoted(reading, t)} wrote, ${quoted(reading, t + 1)} leaves ${percent(leftByTheNext(reading, t))}: `
    + "no other word fades so fast.";
}

function updating(reading, t) {
  const { update, hiddenBefore, candidate, hidden } = numbers(reading, t);
  return `A ${NAMES[reading.cell]} has no cell of its own. At ${quoted(reading, t)} its update gate keeps ${plain(update)} of the hidden state before, `
    + `${signed(hiddenBefore)}, and fills the rest with the candidate ${signed(candidate)}: ${signed(hidden)} comes out.`;
}

/** `held` are the shares of this kind by cell, of the readings before. */
function vanishing(reading, t, held) {
  const share = (value) => (value < 0.001 ? "less than 0.1 %" : percent(value, 1));
  const others = Object.entries(held).filter(([cell]) => cell !== reading.cell).map(([cell, value]) => `${NAMES[cell]} ${share(value)}`);
  const least = Math.min(...Object.values(held)) === held[reading.cell];
  return `${answer(reading)}. It has no gates to hold a word by${least ? "" : "; on this text others let go sooner all the same"}. Of the pull on the verdict that the state after the last word has, `
    + `the state after ${quoted(reading, t)} has ${share(held[reading.cell])}${others.length ? ` (${others.join(", ")})` : ""}. Each line is one network.`;
}
