"""The networks whose memory is compared: those of a repository, and each one's twin with another pooling."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from export.commands.show import Screen
from export.data.splits import Splits, split
from export.inputs import Start, reviews_of, start_of
from export.settings import ExportSettings, read_settings
from export.training.train import train, untrained
from models.bundle.files import Bundle
from models.bundle.repository import model_names
from models.bundle.select import open_model
from models.network.equations import Cell, Weights
from models.network.pooling import Pooling
from models.reviews.errors import DataError
from models.text.words import Vocabulary

POOLED: Pooling = "max||mean"
"""What a network that hands over its last state is trained with once more; others are with the last state."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network before and after its training; a model and its twin have the same `name`."""

    name: str
    cell: Cell
    pooling: Pooling
    vocabulary: Vocabulary
    untrained: Weights
    trained: Weights


def networks_of(repository: Path, screen: Screen) -> tuple[list[Network], Splits]:
    """Return every model of `repository` and its twins, which are trained now; and the reviews that they learnt from.

    The reviews are those of the first model; models that were tested on others are left out. Raises `DataError`,
    `InvalidBundle`.
    """
    bundles = [open_model(repository, lambda bundle: bundle, name=name).newest for name in model_names(repository)]
    if not bundles:
        raise DataError(f"{repository}: no model; `gatescope export` writes some")
    with screen.step("read the reviews"):
        splits = _splits_of(bundles[0], screen)
    found, starts = list[Network](), _Starts(splits, screen)
    same = list(_of_same_reviews(bundles, splits, screen.say))
    for bundle in same:
        found += _with_twin(bundle, same, starts, screen)
    return found, splits


def _splits_of(bundle: Bundle, screen: Screen) -> Splits:
    settings = _settings(bundle)
    splits = split(reviews_of(settings, screen.downloading), settings.seed)
    if splits.train.fingerprint != bundle.manifest.data.splits["train"].fingerprint:
        raise DataError(f"{settings.data} is not what {bundle.folder} learnt from: the reviews have changed")
    return splits


def _settings(bundle: Bundle) -> ExportSettings:
    return read_settings(**bundle.manifest.provenance.settings)


def _of_same_reviews(bundles: list[Bundle], splits: Splits, said: Callable[[str], None]) -> Iterator[Bundle]:
    for bundle in bundles:
        if bundle.manifest.data.splits["train"].fingerprint == splits.train.fingerprint:
            yield bundle
        else:
            said(f"left out {bundle.manifest.name}: it learnt from other reviews than {bundles[0].manifest.name}")


class _Starts:
    """What trainings begin with; made once for models that differ in their network alone."""

    def __init__(self, splits: Splits, screen: Screen) -> None:
        self._splits, self._screen = splits, screen
        self._known: list[tuple[ExportSettings, Start]] = []

    def of(self, settings: ExportSettings) -> Start:
        plain = settings.model_copy(update=dict.fromkeys(("name", "cells", "pooling", "hidden_size")))
        for known, start in self._known:
            if known == plain:
                return start
        with self._screen.step("learn word vectors from the training texts"):
            start = start_of(settings, self._splits, self._screen.say)
        self._known.append((plain, start))
        return start


def _with_twin(bundle: Bundle, bundles: list[Bundle], starts: _Starts, screen: Screen) -> Iterator[Network]:
    """Yield a model, and its twin where the repository has none."""
    manifest, settings = bundle.manifest, _settings(bundle)
    start = starts.of(settings)
    (training,) = settings.trainings(manifest.cell, settings.time_budget, len(start.dataset.lesson_ids))
    before = untrained(start.dataset, start.vectors, training)
    yield Network(manifest.name, manifest.cell, manifest.pooling, bundle.vocabulary, before, bundle.weights)
    pooling = POOLED if manifest.pooling == "last" else "last"
    if (manifest.cell, pooling) in {(other.manifest.cell, other.manifest.pooling) for other in bundles}:
        return
    training = replace(training, pooling=pooling)
    with screen.training(f"{manifest.name} {pooling}") as report:
        twin = train(start.dataset, start.vectors, training, progress=report)
    before = untrained(start.dataset, start.vectors, training)
    yield Network(manifest.name, manifest.cell, pooling, twin.vocabulary, before, twin.weights)
