"""The studies as `docs/faithfulness.md`."""

from collections.abc import Sequence

import numpy as np

from export.training.config import TrainingSettings
from models.network.equations import Array
from tests.studies.faithfulness.measures import DELETED, REMOVALS, SHARES, interval
from tests.studies.faithfulness.methods import ORDERS
from tests.studies.faithfulness.normalised import BEAM, LONGEST
from tests.studies.faithfulness.planted import DISTANCES, LENGTH, SEEDS, TEXTS
from tests.studies.faithfulness.study import OCCLUSION, Study

AS_IN_TRAINING = SHARES.index(TrainingSettings("lstm").unknown_rate)
"""The share of words that training made unknown."""
BUCKETS = ((2, 10), (11, 20), (21, 40), (41, 10_000))

_HEAD = """# How far to trust a trace

A trace says which words made a verdict. This page asks the model itself: take the named words away, or keep them
alone, and see whether the verdict moves. Every method answers for the predicted label, on the same held-out reviews.
Losses are here as they are.

{how}

- **comprehensiveness**: confidence lost when the words named first are removed; high is faithful.
- **sufficiency**: confidence lost when they alone are kept; low is faithful. Both (DeYoung et al. 2020) are means over
  {shares} of the words, at least one word; words are removed by deletion or made unknown.
- **as in training**: comprehensiveness when {training:.0%} of the words are made unknown, as many as training hid.
- **normalised**: comprehensiveness (`<unk>`) over all numbers of words, 1 for the best and 0 for the worst order that a
  beam search of {beam} found (NAOPC, Edin et al. 2024), reviews of at most {longest} words. It can be compared between
  models.
- **right, wrong**: accuracy on reviews judged right (low is faithful) and wrong (high is faithful) after deleting the
  {deleted} strongest supporting words, reviews of ten words and more (Arras et al. 2016).
- **agreement**: Spearman's rank correlation with occlusion (one word made unknown), by length in words.
- **planted word**: the word that alone supports the last label most, in {texts} texts of {length} words of other
  labels, drawn {seeds} times; how often it gets the largest share, by how many words follow it; `±` is half of the
  range over the draws.
- **"not"**: in sentences such as "This film is not good." that the model reads as blame, how often "not" speaks for
  blame, and how often no word speaks for it more. Random shares and sizes are never below 0.
- **random** is the mean of {seeds} draws.
- Elsewhere `±` is half of a 95 % bootstrap interval over reviews; **bold** is the best of a column. One trained model
  a cell: intervals hold for reviews, not for other trainings.
- **CPU ms** is processor time, all threads together.

The write ledger says where a verdict was *written*, not what caused it: in "not good" the negative write lands on
"good". An RNN has no gate that carries its state, and so no write ledger. Murdoch and Szlam and REAT are of an LSTM's
gates; for a GRU REAT is the write ledger. Sampled Shapley has {orders} orders a review, words made unknown.
Contextual decomposition has its authors' rules for the LSTM, and ours after them for RNN and GRU. Both are too slow
for the planted texts.
"""


def report(studies: Sequence[Study], how: str) -> str:
    """The whole page; `how` says command, machine, date and data."""
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    head = _HEAD.format(
        how=how,
        shares=shares,
        deleted=DELETED[-1],
        texts=TEXTS,
        length=LENGTH,
        seeds=len(SEEDS),
        training=SHARES[AS_IN_TRAINING],
        beam=BEAM,
        longest=LONGEST,
        orders=ORDERS,
    )
    return "\n".join([head, _short(studies), *(_study(study) for study in studies)])


def _short(studies: Sequence[Study]) -> str:
    """One line a model: the mean comprehensiveness with unknown words, the best method first."""
    lines = ["In short, by comprehensiveness with words made unknown:", ""]
    for study in studies:
        means = {name: result.erasure["`<unk>`"].comprehensiveness.mean() for name, result in study.results.items()}
        ranked = sorted(means, key=lambda name: -means[name])
        lines.append(f"- {study.name}: {', '.join(f'{name} {means[name]:.3f}' for name in ranked)}")
    return "\n".join([*lines, ""])


def _study(study: Study) -> str:
    title = f"## {study.name}\n\n{len(study.lengths)} reviews, accuracy {study.accuracy:.1%}.\n"
    tables = (_erasure, _shares, _deleted, _agreement, _planted, _negated)
    return "\n".join([title, *(table(study) for table in tables)])


def _erasure(study: Study) -> str:
    heads = [f"{measure} ({way})" for measure in ("comprehensiveness", "sufficiency") for way in REMOVALS]
    columns = [
        [getattr(result.erasure[way], measure).mean(1) for result in study.results.values()]
        for measure in ("comprehensiveness", "sufficiency")
        for way in REMOVALS
    ]
    cells = [
        _best(
            [value.mean() for value in column], index < len(REMOVALS), [f" ± {interval(value):.3f}" for value in column]
        )
        for index, column in enumerate(columns)
    ]
    measured = study.results.values()
    cells.append(_best([one.erasure["`<unk>`"].comprehensiveness[:, AS_IN_TRAINING].mean() for one in measured], True))
    cells.append(_best([_mean(one.normalised) for one in measured], True))
    costs = [f"{result.milliseconds:.2f}" for result in study.results.values()]
    return _table(["method", *heads, "as in training", "normalised", "CPU ms a review"], study, [*cells, costs])


def _shares(study: Study) -> str:
    parts = []
    for measure, better in (("comprehensiveness", "high"), ("sufficiency", "low")):
        for way in REMOVALS:
            values = [getattr(result.erasure[way], measure).mean(0) for result in study.results.values()]
            cells = [_best([value[column] for value in values], better == "high") for column in range(len(SHARES))]
            heads = [f"{measure}, {way}", *(f"{share:.0%}" for share in SHARES)]
            parts.append(_table(heads, study, cells))
    return "<details><summary>By share of words removed or kept</summary>\n\n" + "\n".join(parts) + "\n</details>\n"


def _deleted(study: Study) -> str:
    columns, heads = [], ["accuracy after deleting"]
    for kind in ("right", "wrong"):
        for column, count in enumerate(DELETED):
            values = [getattr(result.curves, kind)[column] for result in study.results.values()]
            columns.append(_best(values, kind == "wrong"))
            heads.append(f"{kind}, {count}")
    return _table(heads, study, columns)


def _agreement(study: Study) -> str:
    heads, columns = ["agreement with occlusion"], []
    for low, high in BUCKETS:
        inside = (study.lengths >= low) & (study.lengths <= high)
        heads.append(f"{low}{'+' if high == BUCKETS[-1][1] else f'-{high}'} words ({inside.sum()})")
        results = study.results.items()
        columns.append(
            _best([_mean(a.agreement[inside]) if name != OCCLUSION else np.nan for name, a in results], True)
        )
    return _table(heads, study, columns)


def _planted(study: Study) -> str:
    columns = []
    for column in range(len(DISTANCES)):
        draws = [result.hits[:, column] for result in study.results.values()]
        columns.append(_best([draw.mean() for draw in draws], True, [f" ± {np.ptp(draw) / 2:.2f}" for draw in draws]))
    return _table(["planted word found, words after it", *map(str, DISTANCES)], study, columns)


def _negated(study: Study) -> str:
    measured = study.results.values()
    columns = [_best([one.blame for one in measured], True), _best([one.first for one in measured], True)]
    return _table(['"not"', "speaks for blame", "most of all words"], study, columns)


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _best(values: Sequence[float], high: bool, after: Sequence[str] | None = None) -> list[str]:
    """The values as cells with three decimals, the best bold, what is not known a dash; `after` follows each."""
    shown = [f"{value:.3f}" for value in values]
    known = [value for value in values if np.isfinite(value)]
    best = f"{(max if high else min)(known, default=0.0):.3f}"
    cells = ["-" if cell == "nan" else f"**{cell}**" if cell == best else cell for cell in shown]
    tails = [""] * len(cells) if after is None else after
    return [cell if cell == "-" else cell + tail for cell, tail in zip(cells, tails, strict=True)]


def _table(heads: Sequence[str], study: Study, columns: Sequence[Sequence[str]]) -> str:
    rows = [[name, *(column[number] for column in columns)] for number, name in enumerate(study.results)]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
