"""How the networks do against linear models on films that none of them has seen: `python -m export.crossvalidate`.

Every film is tested once. Differences are paired and resampled by film, for reviews of one film resemble each other.
"""

import argparse
import os
import platform
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from export.baselines import linear, nb_svm
from export.batches import predict
from export.sources import BUILT_IN, load
from export.splits import Splits, folds
from export.train import train
from export.training import Settings
from export.vectors import learn_words
from models.cells import CELLS, Array, Cell

FOLDS = 5
RESAMPLES = 10_000
MAX_WORDS = 2048
RIVALS = {"linear": linear, "nb-svm": nb_svm}

PAGE = """# Accuracy on unseen films

{rows:,} reviews of {films} films ({data}), {folds} folds by film: each model is tested once on every review, and
never on a film that it was trained or tuned on. A tenth of the films of each fold's rest is validation: on it the
networks pick their epoch, the linear models their penalty and n-gram counts. Networks start from word vectors of the
fold's training texts and use the defaults of `gatescope export`.

| model | accuracy % | interval | {headings} | seconds a fold |
|---|---|---|{lines}|---|
{table}

Differences in points; all intervals are 95 %, from {resamples:,} paired bootstrap resamples of whole films. The
defaults of the networks were chosen on validation films of the same folds, so a little of the lead may be choice.

Measured {date} with `{command}` on {machine}.
"""


def answers(splits: Splits, cells: tuple[Cell, ...], seed: int) -> Iterator[tuple[str, Array, float]]:
    """Each model's name, its probabilities or logits `[N, C]` on the fold's test, and the seconds it took."""
    for name, fit in RIVALS.items():
        started = time.monotonic()
        yield name, fit(splits).probabilities, time.monotonic() - started
    lexicon = learn_words(splits.train.texts, size=20_000, min_count=2, width=128, seed=seed)
    for cell in cells:
        started = time.monotonic()
        trained = train(splits, lexicon, Settings(cell, seed=seed))
        logits = predict(trained.weights, trained.vocabulary, splits.test.texts, MAX_WORDS)
        yield cell, logits, time.monotonic() - started


def film_bootstrap(gain: NDArray[np.floating[Any]], films: NDArray[np.str_], seed: int) -> tuple[float, float]:
    """The 95 % interval of the mean of `gain [N]` when whole films are drawn with replacement."""
    _, inverse = np.unique(films, return_inverse=True)
    sums, sizes = np.bincount(inverse, gain), np.bincount(inverse)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Cross-validate and write the page."""
    parser = argparse.ArgumentParser(prog="python -m export.crossvalidate", description=__doc__)
    parser.add_argument("--data", choices=BUILT_IN, default="critics")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=list(CELLS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/accuracy.md"))
    told = parser.parse_args()
    reviews = load(told.data)
    right: dict[str, list[NDArray[np.bool_]]] = {}
    seconds: dict[str, list[float]] = {}
    films: list[str] = []
    for number, fold in enumerate(folds(reviews, FOLDS, told.seed), 1):
        films += fold.test.groups
        for name, scores, taken in answers(fold, tuple(told.cells), told.seed):
            right.setdefault(name, []).append(scores.argmax(1) == fold.test.targets)
            seconds.setdefault(name, []).append(taken)
            print(f"fold {number}, {name}: {100 * right[name][-1].mean():.2f} %, {taken:.0f} s", flush=True)
    page = PAGE.format(
        rows=len(films),
        films=len(set(films)),
        data=reviews.name,
        folds=FOLDS,
        headings=" | ".join(f"against {rival}" for rival in RIVALS),
        lines="|".join("---" for _ in RIVALS),
        table="\n".join(_lines({name: np.concatenate(parts) for name, parts in right.items()}, films, seconds)),
        resamples=RESAMPLES,
        date=datetime.now(UTC).date(),
        command=f"python -m export.crossvalidate --data {told.data} --seed {told.seed} --cells {' '.join(told.cells)}",
        machine=f"{os.cpu_count()} {platform.machine()} cores, torch {torch.__version__}, {platform.system()}",
    )
    told.out.write_text(page, "utf-8")


def _lines(right: dict[str, NDArray[np.bool_]], films: list[str], seconds: dict[str, list[float]]) -> Iterator[str]:
    for name, hits in right.items():
        low, high = film_bootstrap(100.0 * hits, np.array(films), seed=0)
        cells = [name, f"{100 * hits.mean():.2f}", f"{low:.1f} to {high:.1f}"]
        for rival in RIVALS:
            gain = 100.0 * (hits.astype(float) - right[rival])
            low, high = film_bootstrap(gain, np.array(films), seed=0)
            cells.append("" if name == rival else f"{gain.mean():+.2f} ({low:+.2f} to {high:+.2f})")
        yield f"| {' | '.join([*cells, f'{np.mean(seconds[name]):.0f}'])} |"


if __name__ == "__main__":
    main()
