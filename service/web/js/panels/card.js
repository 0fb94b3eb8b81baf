/** The model's report card: how well it does, and how well this trace holds together. */

import { h, id } from "../dom.js";
import { percent, residual, whole } from "../format.js";

export function mount() {
  const body = id("card").querySelector(".body");
  let reading = null;
  let graded = null;
  return {
    rows: () => (graded ? [["", "value", "more"], ...facts(graded)] : []),
    show: (next) => (reading = next),
    /** The cards of all models that are served. */
    grade(cards) {
      const { name, version } = reading.trace.model;
      graded = cards.find((one) => one.name === name && one.version === version);
      if (!graded) return;
      const each = facts(graded).map(([name, value, more]) => h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, more))));
      body.replaceChildren(h("dl", { class: "facts" }, ...each), trust(reading));
    },
  };
}

function facts(card) {
  const metrics = card.metrics.test ?? Object.values(card.metrics)[0];
  const range = metrics.accuracy_interval;
  return [
    ["model", `${card.name} v${card.version}`, `${card.cell.toUpperCase()}, ${card.layers} × ${card.hidden_size} units, ${card.pooling} pooling`],
    ["accuracy", percent(metrics.accuracy, 1), `95 % interval: ${(100 * range.low).toFixed(1)} to ${(100 * range.high).toFixed(1)}`],
    ["area under ROC curve", metrics.auc.toFixed(3), `F1 ${metrics.f1.toFixed(3)}`],
    ["calibration error", percent(metrics.calibration_error, 1), "how far its percentages are off, on average"],
    ["tested on", `${whole(metrics.rows)} reviews`, `${card.data.name}; ${card.data.split_rule}`],
    ...behaviour(card),
    ...unsure(card),
    ["size", `${whole(card.parameters)} weights`, `${whole(card.vocabulary_size)} words known`],
    ["made", card.provenance.created.slice(0, 10), `sha256 ${card.sha256.slice(0, 12)}…`],
  ];
}

/** The share of test sentences judged right, of all capabilities and of those that a bag of words lacks. */
function behaviour({ behaviour: tested }) {
  const share = ({ right, sentences }) => percent(right / sentences, 0);
  const shown = ["not good", "not bad", "but", "although"].filter((name) => name in tested);
  if (!shown.length) return [];
  const all = Object.values(tested).reduce((sum, one) => ({ right: sum.right + one.right, sentences: sum.sentences + one.sentences }));
  return [["reads", share(all), `of ${whole(all.sentences)} test sentences; ${shown.map((name) => `“${name}” ${share(tested[name])}`).join(", ")}`]];
}

/** From which confidence on its answers are to be relied on, and what that leaves. */
function unsure({ abstain }) {
  if (!abstain) return [];
  const { share, accuracy } = abstain.answered.test ?? Object.values(abstain.answered)[0];
  return [["unsure", `under ${percent(abstain.below, 1)}`, `it abstains there; of the others, ${percent(share, 0)} of the test reviews, ${percent(accuracy, 0)} are right`]];
}

function trust(reading) {
  const { checks, model } = reading.trace;
  const { cancellation } = reading.ledger;
  const residuals = [
    `gates rebuilt to ${residual(checks.reconstruction)}`,
    `running verdict to ${residual(checks.running)}`,
    ...Object.entries(checks.ledgers).map(([name, value]) => `${name} ledger to ${residual(value)}`),
    checks.memory === null ? null : `memory to ${residual(checks.memory)}`,
  ].filter(Boolean);
  return h("ul", { class: "trust" },
    h("li", {}, `The equations of this trace hold: ${residuals.join(", ")}.`),
    h("li", {}, `The shares pull ${cancellation.toFixed(1)} times as hard as their sum${cancellation > 10 ? ": single shares say little here." : "."}`),
    h("li", {}, "A share says what a word brought with all gates as they stood. What it did to the gates of words after it, as “not” may, is not in it: removed and disagreement show that."),
    ...Object.entries(model.conventions).map(([name, meaning]) => h("li", {}, `${name}: ${meaning}.`)));
}
