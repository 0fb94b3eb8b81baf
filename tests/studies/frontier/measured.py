"""Classifiers measured in turns, and what came of it as a section of a page with a picture."""

import csv
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import altair as alt
import numpy as np
import torch
from numpy.typing import NDArray

from export.data.splits import Splits
from export.publish.charts import Chart
from tests.studies.crossvalidate import film_bootstrap
from tests.studies.frontier.rival import BUCKETS, TUNED, WIDEST_VECTOR, Rival

BY_HAND = Path(__file__).parent.parent / "by_hand.csv"
QUOTED = "LSTM 128"
ROUNDS = 3
WARM_UP = 50

PAGE = """
Each classifier answers the {rows:,} test reviews of the built-in split (films that none has seen) one at a time, on one
thread: text in, label out, its own way of cutting words included. Microseconds are processor time a review, the least
of {rounds} rounds in which all take turns; megabytes are what a file of it takes, words included. Differences are
paired, with 95 % intervals over films. "By hand" are the 158 sentences of [reading.md](reading.md).

| | learnt from | accuracy % | against {reference} | by hand % | us a review | MB |
|---|---|---:|---:|---:|---:|---:|
{table}

![Accuracy against microseconds a review](frontier.svg)

**{quote}**

Fine-tuning changes neither time nor size of a MiniLM. What it is worth over five folds is in the table above.

The networks are those of `gatescope export`, with vectors as wide as they have units, {widest} at most; they answer
through the compiled loops, the MiniLM through ONNX Runtime with int8 weights, the linear models in Python with
scikit-learn. fastText has pairs of words in {buckets:,} buckets; WordLlama's vectors are not tuned. Penalties, rates
and epochs were chosen on validation. {missing}

Measured {date} with `{command}` on {machine}.
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A classifier: which test reviews and sentences by hand it gets right, and its processor time a review."""

    rival: Rival
    right: NDArray[np.bool_]
    by_hand: float
    microseconds: float


def measure(rivals: Sequence[Rival], splits: Splits, rounds: int = ROUNDS) -> list[Measured]:
    """Ask every classifier about every test review, in turns, and about the sentences by hand."""
    seconds: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    answers: dict[str, list[int]] = {}
    for _ in range(rounds):
        for rival in rivals:
            for text in splits.test.texts[:WARM_UP]:
                rival.answer(text)
            started = time.process_time()
            answers[rival.name] = [rival.answer(text) for text in splits.test.texts]
            seconds[rival.name].append(time.process_time() - started)
            print(f"{rival.name}  {1e6 * seconds[rival.name][-1] / len(splits.test):.0f} us", flush=True)
    return [
        Measured(
            rival,
            np.array(answers[rival.name]) == splits.test.targets,
            _by_hand(rival, splits.labels),
            1e6 * min(seconds[rival.name]) / len(splits.test),
        )
        for rival in rivals
    ]


def _by_hand(rival: Rival, labels: Sequence[str]) -> float:
    with BY_HAND.open(newline="", encoding="utf-8") as file:
        return float(np.mean([labels[rival.answer(row["text"])] == row["label"] for row in csv.DictReader(file)]))


def cost_section(measured: Sequence[Measured], splits: Splits) -> str:
    """Return what was measured as Markdown; every other classifier is compared with the last one."""
    films, by_name, reference = np.array(splits.test.groups), {one.rival.name: one for one in measured}, measured[-1]
    return PAGE.format(
        rows=len(splits.test),
        rounds=ROUNDS,
        table="\n".join(_line(one, reference, films) for one in measured),
        reference=reference.rival.name,
        quote=_quote(by_name[QUOTED], reference),
        widest=WIDEST_VECTOR,
        buckets=BUCKETS,
        missing=_missing(by_name),
        date=datetime.now(UTC).date(),
        command=f"OMP_NUM_THREADS=1 python -m tests.studies.frontier {' '.join(sys.argv[1:])}".strip(),
        machine=f"{os.cpu_count()} {platform.machine()} cores, torch {torch.__version__}, {platform.system()}",
    )


def _missing(measured: Mapping[str, Measured]) -> str:
    """Return what was left out, and how to have it."""
    said = {
        "fastText": "fastText was not installed.",
        TUNED: "The fine-tuned MiniLM was not part of this run (`--fine-tune`).",
    }
    return " ".join(text for name, text in said.items() if name not in measured)


def _line(one: Measured, reference: Measured, films: NDArray[np.str_]) -> str:
    columns = [
        one.rival.name,
        one.rival.learnt_from,
        f"{100 * one.right.mean():.1f}",
        "" if one is reference else _difference(one, reference, films),
        f"{100 * one.by_hand:.0f}",
        f"{one.microseconds:,.0f}",
        f"{one.rival.bytes / 1e6:.1f}",
    ]
    return f"| {' | '.join(columns)} |"


def _difference(one: Measured, reference: Measured, films: NDArray[np.str_]) -> str:
    gain = 100.0 * (one.right.astype(float) - reference.right)
    low, high = film_bootstrap(gain, films, seed=0)
    return f"{gain.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def _quote(one: Measured, reference: Measured) -> str:
    times, sizes = reference.microseconds / one.microseconds, reference.rival.bytes / one.rival.bytes
    return (
        f"{one.rival.name} answers {100 * one.right.mean():.1f} % right at 1/{times:.0f} of the processor time and "
        f"1/{sizes:.1f} of the size of {reference.rival.name}, which has {100 * reference.right.mean():.1f} %."
    )


def cost_picture(measured: Sequence[Measured]) -> Chart:
    """Return the chart of accuracy against microseconds, sized by megabytes."""
    rows = [
        {
            "name": one.rival.name,
            "family": one.rival.family,
            "us": one.microseconds,
            "accuracy": float(one.right.mean()),
            "MB": one.rival.bytes / 1e6,
        }
        for one in measured
    ]
    chart = alt.Chart(alt.Data(values=rows), title="Accuracy and cost").mark_circle()
    return chart.encode(
        x=alt.X("us:Q", title="microseconds a review", scale=alt.Scale(type="log")),
        y=alt.Y("accuracy:Q", scale=alt.Scale(zero=False), axis=alt.Axis(format="~%")),
        size=alt.Size("MB:Q", scale=alt.Scale(type="log", range=(20, 400))),
        color="family:N",
    )
