"""What reviews hold, and what a training would do with them, found out before anything is trained."""

import math
from collections import Counter

import numpy as np
from pydantic import BaseModel, ConfigDict

from export.data.remarks import remarks
from export.data.reviews import Reviews
from export.data.scripts import scripts
from export.data.splits import Splits, split
from export.inputs import dataset_of
from export.settings import ExportSettings
from export.training.dataset import Dataset
from export.training.soundness import known_share, require_words
from models.reviews.errors import DataError
from models.text.words import SPECIAL, typed

EDGES = (1, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lengths(_Found):
    """Words of a review: the shortest, the middle one, the longest of 95 % and of all.

    `counts[i]` reviews have `edges[i]` to `edges[i + 1] - 1` words, the last ones that many or more.
    """

    shortest: int
    median: int
    most: int
    longest: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]
    cut: int
    """Reviews that are longer than what training reads."""


class Training(_Found):
    """What a training would learn from; shares of words known are of each split."""

    rule: str
    splits: dict[str, dict[str, int]]
    vocabulary: int
    known: dict[str, float]
    cells: tuple[str, ...]
    epochs: int
    steps: int
    """Steps of an epoch."""
    commonest: float
    """The share of the test that is right for whoever always says the commonest label."""


class Survey(_Found):
    """The whole picture; `refused` is why a training would not begin, and `training` what it would do."""

    source: str
    reviews: int
    labels: dict[str, int]
    remarks: tuple[str, ...]
    skipped: int
    duplicates: int
    contradictions: int
    overlaps: dict[str, int]
    lengths: Lengths
    scripts: dict[str, float]
    training: Training | None
    refused: str | None


def survey(reviews: Reviews, settings: ExportSettings) -> Survey:
    """Look at `reviews` as an export with these `settings` would."""
    training, refused = _training(reviews, settings)
    counts = Counter(row.label for row in reviews.rows)
    return Survey(
        source=reviews.source,
        reviews=len(reviews.rows),
        labels={label: counts[label] for label in reviews.labels},
        remarks=tuple(remarks(reviews)),
        skipped=len(reviews.skipped),
        duplicates=reviews.duplicates,
        contradictions=reviews.contradictions,
        overlaps={f"{split} in {kept}": count for (split, kept), count in reviews.overlaps.items()},
        lengths=_lengths(reviews, settings.max_words),
        scripts=scripts(row.text for row in reviews.rows),
        training=training,
        refused=refused,
    )


def _training(reviews: Reviews, settings: ExportSettings) -> tuple[Training | None, str | None]:
    """Return what a training would do, and why it would be refused, by the rules of the export itself."""
    try:
        splits = split(reviews, settings.seed)
        dataset = dataset_of(settings, splits)
    except DataError as error:
        return None, str(error)
    try:
        require_words(dataset)
    except DataError as error:
        return _planned(splits, dataset, settings), str(error)
    return _planned(splits, dataset, settings), None


def _planned(splits: Splits, dataset: Dataset, settings: ExportSettings) -> Training:
    plan = settings.trainings(settings.cells[0], None, len(dataset.lesson_ids))[0]
    commonest = np.bincount(dataset.train.targets).argmax()
    return Training(
        rule=splits.rule,
        splits={name: _by_label(each.targets, splits.labels) for name, each in splits.by_name.items()},
        vocabulary=len(dataset.vocabulary) - len(SPECIAL),
        known={
            name: known_share(examples)
            for name, examples in (
                ("train", dataset.train),
                ("validation", dataset.validation),
                ("test", dataset.test),
            )
        },
        cells=settings.cells,
        epochs=plan.epochs,
        steps=math.ceil(len(dataset.lesson_ids) / plan.batch_size),
        commonest=float((dataset.test.targets == commonest).mean()),
    )


def _by_label(targets: np.ndarray[tuple[int], np.dtype[np.int64]], labels: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(labels, np.bincount(targets, minlength=len(labels)).tolist(), strict=True))


def _lengths(reviews: Reviews, max_words: int) -> Lengths:
    found = np.array([len(typed(row.text)) for row in reviews.rows])
    counts = np.histogram(found, [*EDGES, np.inf])[0]
    last = int(np.flatnonzero(counts)[-1]) + 1
    return Lengths(
        shortest=int(found.min()),
        median=int(np.median(found)),
        most=int(np.quantile(found, 0.95)),
        longest=int(found.max()),
        edges=EDGES[:last],
        counts=tuple(counts[:last].tolist()),
        cut=int((found > max_words).sum()),
    )
