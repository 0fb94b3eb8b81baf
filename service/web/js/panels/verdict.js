/** The sum that makes the verdict. */

import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { residual, signed } from "../format.js";

const NAMED = 5;
const MOST_CANCELLATION = 10;
const MOST_UNKNOWN = 0.5;

export function mount({ retarget }) {
  const body = id("verdict").querySelector(".body");
  let reading = null;
  return {
    light: true,
    rows: () => rows(reading),
    show(next) {
      reading = next;
      body.replaceChildren(...parts(reading, retarget));
    },
  };
}

/** The whole sum: every word, the biases and the logit. */
function rows({ trace: { prediction }, ledger, words }) {
  return [["part", "logits"], ["(bias)", prediction.bias], ["(network’s biases)", ledger.bias],
    ...words.map(({ text }, t) => [text, ledger.words[t]]), ["(logit)", prediction.logit]];
}

function parts(reading, retarget) {
  const { prediction } = reading.trace;
  return [equation(reading), targets(prediction, retarget), unknown(reading), warning(reading)].filter(Boolean);
}

function equation(reading) {
  const { prediction, checks } = reading.trace;
  const { ledger } = reading;
  const ranked = reading.ranked(ledger.words);
  const named = ranked.slice(0, NAMED).sort((a, b) => a.t - b.t);
  const rest = ranked.slice(NAMED).reduce((sum, { value }) => sum + value, 0);
  const terms = [plain("bias", prediction.bias), ...named.map((term) => word(reading, term))];
  if (ledger.bias) terms.push(plain("network’s biases", ledger.bias));
  if (ranked.length > NAMED) terms.push(plain("all others", rest));
  const { first, second } = reading.target;
  return h("div", { class: "equation", role: "group", "aria-label": `toward ${first}, away from ${second ?? "the rest"}` },
    ...terms,
    h("span", { class: "op" }, "="),
    h("span", { class: "term sum" }, h("span", { class: "of" }, "logit"), h("b", {}, signed(prediction.logit))),
    h("span", { class: "check", title: "What the two sides of the equation differ by" },
      `check ${residual(checks.ledgers.deep)}`));
}

function plain(name, value) {
  return h("span", { class: "term" }, h("span", { class: "of" }, name), h("b", {}, signed(value)));
}

function word(reading, { t, value }) {
  return h("button", {
    type: "button",
    class: `term word ${value < 0 ? "against" : "toward"}`,
    title: `word ${t + 1}: put the cursor there`,
    onclick: () => cursor.click(t),
  }, h("span", { class: "name" }, reading.words[t].text), h("b", {}, signed(value)));
}

function targets(prediction, retarget) {
  const labels = Object.keys(prediction.probabilities);
  if (labels.length < 3) return null;
  const choose = (name, current, options) => h("select", { "aria-label": name, onchange: change },
    ...options.map(([value, text]) => h("option", { value, selected: value === current }, text)));
  const first = choose("label explained", prediction.target.first, labels.map((label) => [label, label]));
  const second = choose("against which label", prediction.target.second ?? "",
    [["", "the mean of the rest"], ...labels.map((label) => [label, label])]);
  function change() {
    if (first.value !== second.value) retarget(second.value ? [first.value, second.value] : first.value);
  }
  return h("div", { class: "targets" }, "why", first, "rather than", second);
}

function unknown(reading) {
  const share = reading.unknown / reading.length;
  if (share < MOST_UNKNOWN) return null;
  return h("p", { class: "warn" }, share === 1
    ? "The model knows none of these words: it reads each as the same unknown word, and its verdict says nothing about them."
    : `The model knows only ${reading.length - reading.unknown} of these ${reading.length} words. Trust its verdict accordingly.`);
}

function warning(reading) {
  const { cancellation } = reading.ledger;
  if (cancellation <= MOST_CANCELLATION) return null;
  return h("p", { class: "warn" },
    `A close call: the words pull ${Math.round(cancellation)} times as hard against each other as their sum says. ` +
    "Read single shares with care.");
}
