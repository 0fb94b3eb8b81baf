"""What must hold before a network is trained, and before it is published."""

from pathlib import Path
from shutil import disk_usage

import numpy as np

from export.training.config import TrainedModel
from export.training.dataset import Dataset, Examples
from models.network.equations import GATES, Cell
from models.reviews.errors import DataError
from models.text.words import SPECIAL, UNK

COPIES = 12
"""How often the weights of a network lie on disk at once, at most: in two checkpoints of five copies, and a bundle."""

FEWEST_WORDS = 10
LEAST_KNOWN = 0.5
LEAST_GAIN = 0.01


def require_words(dataset: Dataset) -> None:
    """Raise `DataError` where the vocabulary knows less than half of the training reviews' words, or hardly any."""
    words = len(dataset.vocabulary) - len(SPECIAL)
    known = known_share(dataset.train)
    if words < FEWEST_WORDS or known < LEAST_KNOWN:
        raise DataError(
            f"the vocabulary has {words:,} words, which are {100 * known:.1f} % of those in the training reviews: "
            "nothing can be learnt; give more reviews, a lower --min-count or a larger --vocabulary-size"
        )


def known_share(examples: Examples) -> float:
    """Return the share of the words that the vocabulary knows, 0 to 1."""
    return 1 - float((np.concatenate(examples.ids) == UNK).mean())


def require_space(folder: Path, dataset: Dataset, cell: Cell, *, embedding: int, hidden: int, layers: int) -> None:
    """Raise `DataError` where the disk of `folder` is too full for the checkpoints and the bundle of one network."""
    inputs = [embedding, *[hidden] * (layers - 1)]
    parameters = len(dataset.vocabulary) * embedding + 2 * hidden * len(dataset.labels)
    parameters += sum(len(GATES[cell]) * hidden * (width + hidden + 2) for width in inputs)
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    needed, free = COPIES * 4 * parameters, disk_usage(there).free
    if needed > free:
        raise DataError(
            f"{folder}: a {cell} of this size needs about {needed / 1e6:,.0f} MB on disk while it is trained, "
            f"{free / 1e6:,.0f} MB are free; make room, or give a smaller --hidden-size or --embedding-size"
        )


def require_learnt(name: str, model: TrainedModel, dataset: Dataset) -> None:
    """Raise `DataError` where the loss of `model` on validation is hardly lower than that of the labels' shares.

    These always say the commonest label; label weights count in both. A training that was asked to stop is not judged.
    """
    counts = dataset.label_weights * np.bincount(dataset.train.targets, minlength=len(dataset.labels))
    shares, targets = counts / counts.sum(), dataset.validation.targets
    loss = float(-np.average(np.log(shares[targets]), weights=dataset.label_weights[targets]))
    if not model.stopped and model.best.validation_loss > (1 - LEAST_GAIN) * loss:
        raise DataError(
            f"{name} has learnt nothing, and is not published: its loss on validation is "
            f"{model.best.validation_loss:.3f}, that of always saying the commonest label "
            f"({dataset.labels[int(shares.argmax())]!r}) {loss:.3f}; "
            "give more reviews or --epochs, or another --learning-rate or --batch-size"
        )
