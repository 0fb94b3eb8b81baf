"""What each kind of lesson is worth on the built-in reviews: `python -m tests.studies.reading` writes a table.

Every choice is made on validation; the figures of test are there to be published.
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from export.data.critics import critics
from export.data.splits import Splits, split
from export.data.wheels import cache_directory
from export.publish.behaviour import behaviour
from export.teaching.lessons import Lesson, lessons_of
from export.teaching.opinions import BUILT_IN, Opinions
from export.training.batches import predict
from export.training.config import TrainingSettings, epochs_for
from export.training.dataset import encode, prepare
from export.training.train import train
from export.training.vectors import word_vectors
from models.network.equations import Array, Cell, softmax
from models.network.pooling import Pooling

SEEDS = (0, 1, 2)
SHOWN = ("plain", "not good", "not bad", "but", "although", "expectation")


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to teach: the network, and which lessons it has."""

    name: str
    cell: Cell = "lstm"
    pooling: Pooling = "last"
    opinions: bool = True
    made_texts: bool = True
    known_sentences: bool = True


VARIANTS = (
    Variant("LSTM, labels alone", opinions=False, made_texts=False, known_sentences=False),
    Variant("LSTM, labels and known sentences", opinions=False, made_texts=False),
    Variant("LSTM, without known sentences", known_sentences=False),
    Variant("LSTM, without made texts", made_texts=False),
    Variant("LSTM, everything, max and mean", pooling="max||mean"),
    Variant("LSTM, everything"),
    Variant("GRU, everything", cell="gru"),
    Variant("RNN, everything", cell="rnn"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """Percentages of one training: validation, test, and each capability."""

    variant: str
    validation: float
    test: float
    reading: dict[str, float]


def run(variant: Variant, seed: int) -> Result:
    """Train on one thread and measure."""
    torch.set_num_threads(1)
    splits = split(critics(cache_directory()), 0)
    dataset = prepare(splits, _lessons(splits, variant), vocabulary_size=20_000, min_count=2)
    vectors = word_vectors(dataset.train.ids, len(dataset.vocabulary), width=128, seed=seed)
    epochs = epochs_for(len(dataset.lesson_ids))
    model = train(dataset, vectors, TrainingSettings(variant.cell, variant.pooling, epochs=epochs, seed=seed))

    def answer(texts: Sequence[str]) -> Array:
        return softmax(predict(model.weights, encode(texts, model.vocabulary)))

    def right(name: str) -> float:
        part = splits.by_name[name]
        return 100 * float((answer(part.texts).argmax(1) == part.targets).mean())

    reading = {name: 100 * one.share for name, one in behaviour(answer, splits.labels).items()}
    return Result(variant.name, right("validation"), right("test"), reading)


def _lessons(splits: Splits, variant: Variant) -> list[Lesson]:
    opinions = Opinions.read(BUILT_IN) if variant.opinions else None
    return [
        lesson
        for lesson in lessons_of(splits.train, splits.labels, opinions)
        if (variant.made_texts or lesson.new_words) and (variant.known_sentences or "known" not in lesson.name)
    ]


def table(results: Sequence[Result]) -> str:
    """Return the means over seeds as Markdown; after an accuracy the lowest and highest of the seeds."""
    rows = ["| | validation | test | " + " | ".join(SHOWN) + " | mean of all |", "|---" * (len(SHOWN) + 4) + "|"]
    for name in dict.fromkeys(result.variant for result in results):
        found = [result for result in results if result.variant == name]
        accuracies = [_spread([getattr(one, split) for one in found]) for split in ("validation", "test")]
        reading = [f"{np.mean([one.reading[capability] for one in found]):.0f}" for capability in SHOWN]
        mean = np.mean([np.mean(list(one.reading.values())) for one in found])
        rows.append(f"| {' | '.join([name, *accuracies, *reading, f'{mean:.1f}'])} |")
    return "\n".join(rows)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.1f} ({min(values):.1f} - {max(values):.1f})"


def main() -> None:
    """Run every variant with every seed and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies.reading", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time, each on one thread")
    parser.add_argument("--out", type=Path, default=Path("reading.md"))
    given = parser.parse_args()
    tasks = [(variant, seed) for variant in VARIANTS for seed in SEEDS]
    with ProcessPoolExecutor(given.jobs, get_context("spawn")) as pool:
        results = list(pool.map(run, *zip(*tasks, strict=True)))
    given.out.write_text(table(results) + "\n", "utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
