"""The networks against linear models on films that none of them has seen: `python -m tests.studies.crossvalidate`.

Every film is tested once. Differences are paired and resampled by film, for reviews of one film resemble each other.
"""

import argparse
import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from export.data.sources import BUILT_IN, load
from export.data.splits import Splits
from export.data.wheels import cache_directory
from export.teaching.encoder import BUILT_IN as MINILM
from export.teaching.encoder import encoder_folder
from export.teaching.lessons import lessons_of
from export.teaching.opinions import Opinions
from export.training.baselines import linear, nb_svm
from export.training.batches import predict
from export.training.config import TrainingSettings, epochs_for
from export.training.dataset import Dataset, prepare
from export.training.train import train
from export.training.vectors import word_vectors
from models.network.equations import CELLS, Array, Cell
from tests.studies.folds import folds
from tests.studies.sections import write_section

FOLDS = 5
RESAMPLES = 10_000
BASELINES = {"linear": linear, "nb-svm": nb_svm}
TEACHER = "teacher"
RIVALS = (*BASELINES, TEACHER)

HEADING = "# Accuracy on unseen films"
PAGE = """
{rows:,} reviews of {films} films ({data}), {folds} of {all_folds} folds by film: each model is tested once on every
review, and never on a film that it was trained or tuned on. A tenth of the films of each fold's rest is validation: on
it the networks pick their epoch, the linear models their penalty and their n-grams. The networks use the defaults of
`gatescope export`; every fold has a teacher of its own (all-MiniLM-L6-v2), fine-tuned on that fold's training reviews
and on sentences whose sense is known, and measured on the same test reviews.

| model | accuracy % | interval | {headings} |
|---|---|---|{lines}|
{table}

Differences in points; intervals are 95 %, from {resamples:,} bootstrap resamples of whole films, paired for the
differences. The networks' defaults were chosen on validation films of these folds, so a little of the lead may be
choice.

Measured {date} with `{command}` on {machine}.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the command line asks for."""

    data: str
    cells: tuple[Cell, ...]
    folds: tuple[int, ...]
    opinions: Path
    seed: int
    jobs: int
    out: Path


@dataclass(frozen=True, slots=True)
class Tested:
    """One fold: the film of each test review, and for each model which reviews it got right, `[N]`."""

    films: tuple[str, ...]
    right: dict[str, NDArray[np.bool_]]


def run_fold(arguments: Arguments, number: int) -> Tested:
    """Train and test every model on fold `number`, on one thread."""
    torch.set_num_threads(1)
    splits = folds(load(arguments.data), FOLDS, arguments.seed)[number]
    opinions = _opinions(splits, arguments.opinions / f"fold{number}.safetensors", arguments.seed)
    lessons = lessons_of(splits.train, splits.labels, opinions)
    dataset = prepare(splits, lessons, vocabulary_size=20_000, min_count=2)
    right = {name: scores.argmax(1) == splits.test.targets for name, scores in _answers(dataset, arguments)}
    right[TEACHER] = (opinions.about(splits.test.texts) > 0.5) == splits.test.targets
    return Tested(splits.test.groups, right)


def _opinions(splits: Splits, file: Path, seed: int) -> Opinions:
    """Return what this fold's teacher thinks of its training and test reviews: from `file`, or written there."""
    if not file.is_file():
        from export.teaching.teacher import ask_teacher

        file.parent.mkdir(parents=True, exist_ok=True)
        encoder = encoder_folder(MINILM, cache_directory())
        ask_teacher(splits, encoder, seed, print, also=splits.test.texts).write(file)
    found = Opinions.read(file)
    assert found.training == splits.train.fingerprint, f"{file} is of another fold"
    return found


def _answers(dataset: Dataset, arguments: Arguments) -> Iterator[tuple[str, Array]]:
    """Yield each model's name, and its probabilities or logits `[N, C]` on the test reviews."""
    for name, fit in BASELINES.items():
        yield name, fit(dataset).test
    vectors = word_vectors(dataset.train.ids, len(dataset.vocabulary), width=128, seed=arguments.seed)
    for cell in arguments.cells:
        trained = train(
            dataset, vectors, TrainingSettings(cell, epochs=epochs_for(len(dataset.lesson_ids)), seed=arguments.seed)
        )
        yield cell, predict(trained.weights, dataset.test.ids)


def film_bootstrap(gain: NDArray[np.floating[Any]], films: NDArray[np.str_], seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean of `gain [N]` when whole films are drawn with replacement."""
    _, inverse = np.unique(films, return_inverse=True)
    sums, sizes = np.bincount(inverse, gain), np.bincount(inverse)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / sizes[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Cross-validate and write the page."""
    arguments = _parse()
    tested = []
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        for one in pool.map(partial(run_fold, arguments), arguments.folds):
            tested.append(one)
            scores = ", ".join(f"{name} {100 * hits.mean():.2f} %" for name, hits in one.right.items())
            print(f"fold {len(tested)} of {len(arguments.folds)}: {scores}", flush=True)
    write_section(arguments.out, HEADING, _page(arguments, tested))


def _parse() -> Arguments:
    parser = argparse.ArgumentParser(prog="python -m tests.studies.crossvalidate", description=__doc__)
    parser.add_argument("--data", choices=BUILT_IN, default="critics")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument("--folds", nargs="+", type=int, choices=range(FOLDS), default=tuple(range(FOLDS)))
    parser.add_argument("--opinions", type=Path, default=Path("opinions"), help="folder: each fold's teacher, kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="folds at a time, each on one thread")
    parser.add_argument("--out", type=Path, default=Path("docs/accuracy.md"))
    given = parser.parse_args()
    return Arguments(
        given.data, tuple(given.cells), tuple(given.folds), given.opinions, given.seed, given.jobs, given.out
    )


def _page(arguments: Arguments, tested: Sequence[Tested]) -> str:
    films = [film for one in tested for film in one.films]
    numbers = " ".join(map(str, arguments.folds))
    options = f"--data {arguments.data} --cells {' '.join(arguments.cells)} --folds {numbers} --seed {arguments.seed}"
    return PAGE.format(
        rows=len(films),
        films=len(set(films)),
        data=arguments.data,
        folds=len(arguments.folds),
        all_folds=FOLDS,
        headings=" | ".join(f"against {rival}" for rival in RIVALS),
        lines="|".join("---" for _ in RIVALS),
        table="\n".join(_lines(tested, np.array(films))),
        resamples=RESAMPLES,
        date=datetime.now(UTC).date(),
        command=f"python -m tests.studies.crossvalidate {options}",
        machine=f"{os.cpu_count()} {platform.machine()} cores, torch {torch.__version__}, {platform.system()}",
    )


def _lines(tested: Sequence[Tested], films: NDArray[np.str_]) -> Iterator[str]:
    right = {name: np.concatenate([one.right[name] for one in tested]) for name in tested[0].right}
    for name, hits in right.items():
        low, high = film_bootstrap(100.0 * hits, films, seed=0)
        cells = [name, f"{100 * hits.mean():.2f}", f"{low:.1f} to {high:.1f}"]
        for rival in RIVALS:
            gain = 100.0 * (hits.astype(float) - right[rival])
            low, high = film_bootstrap(gain, films, seed=0)
            cells.append("" if name == rival else f"{gain.mean():+.2f} ({low:+.2f} to {high:+.2f})")
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
