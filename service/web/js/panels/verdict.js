/** The verdict and the sum that makes it. */

import * as cursor from "../cursor.js";
import { h, id } from "../dom.js";
import { percent, residual, signed } from "../format.js";

const NAMED = 5;
const MOST_CANCELLATION = 10;

export function mount({ retarget }) {
  const body = id("verdict").querySelector(".body");
  return { light: true, show: (reading) => body.replaceChildren(...parts(reading, retarget)) };
}

function parts(reading, retarget) {
  const { prediction } = reading.trace;
  return [answer(reading), equation(reading), targets(prediction, retarget), warning(reading)].filter(Boolean);
}

function answer(reading) {
  const { label, probabilities } = reading.trace.prediction;
  const p = probabilities[reading.target.first];
  const odds = h("div", { class: "odds", "aria-hidden": "true" }, h("span"));
  odds.firstChild.style.setProperty("--p", p);
  return h("div", { class: "answer" }, h("strong", {}, `${label} ${percent(probabilities[label])}`), odds);
}

function equation(reading) {
  const { prediction, checks } = reading.trace;
  const { ledger, ledgerName } = reading;
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
      `check ${residual(checks.ledgers[ledgerName] ?? Math.abs(ledger.residual))}`));
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

function warning(reading) {
  const { cancellation } = reading.ledger;
  if (cancellation <= MOST_CANCELLATION) return null;
  return h("p", { class: "warn" },
    `A close call: the words pull ${Math.round(cancellation)} times as hard against each other as their sum says. ` +
    "Read single shares with care.");
}
