"""Stage 1 from end to end: load, split, prepare, then train, evaluate and publish one model a cell."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.commands.show import Screen
from export.data.reviews import Reviews
from export.data.sources import load
from export.data.splits import Splits, split
from export.data.tables import Columns
from export.publish.comparison import Comparison, baseline_entry, model_entry
from export.publish.measurements import Measurements, measure_model
from export.publish.package import About, package
from export.publish.provenance import data_of, provenance_of
from export.publish.reference import reference
from export.publish.report import documents
from export.settings import ExportSettings
from export.training.baselines import linear, majority, nb_svm
from export.training.config import TrainedModel
from export.training.dataset import Dataset, prepare
from export.training.teacher import cross_fitted_teacher
from export.training.train import device_of, train
from export.training.vectors import word_vectors
from models.network.equations import Array, Cell
from models.reviews.records import ReadOptions


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export made: the folders of the new bundles and how everything compares on test."""

    folders: tuple[Path, ...]
    comparison: Comparison | None
    interrupted: bool


@dataclass(frozen=True, slots=True)
class _Lessons:
    """What every training starts from: the reviews, the word vectors `[V, E]`, the teacher's answers `[N, C]`."""

    dataset: Dataset
    vectors: NDArray[np.float32]
    teacher: Array


def run(settings: ExportSettings, screen: Screen, stop: Callable[[], bool]) -> Outcome:
    """Train and publish every cell that is asked for.

    Raises `DataError`, `TrainingError` and `VerificationFailed`.
    """
    started = time.monotonic()
    device_of(settings.device)
    cells = settings.cells_to_train()
    with screen.step(f"read {settings.data}"):
        reviews = _load(settings, screen)
        splits = split(reviews, settings.seed)
    screen.say(_summary(reviews, splits))
    lessons = _prepare(settings, splits, screen)
    with screen.step("tune the linear models"):
        entries = [baseline_entry(fit, lessons.dataset) for fit in (majority, linear, nb_svm)]
    folders: list[Path] = []
    comparison = None
    for number, cell in enumerate(cells):
        name = settings.model_name(cell)
        model = _train(settings, cell, lessons, _seconds_left(settings, started, len(cells) - number), screen, stop)
        measured = measure_model(model, lessons.dataset)
        entries.append(model_entry(name, model, measured))
        comparison = Comparison(data=reviews.name, test=splits.test.fingerprint, entries=tuple(entries))
        with screen.step(f"verify and publish {name}"):
            about = _about(settings, reviews, splits, lessons.dataset, model, measured)
            made = documents(measured.probabilities["test"], lessons.dataset.test, model, comparison)
            folders.append(package(settings.repository, name, model.weights, model.vocabulary, about, documents=made))
        if stop():
            break
    return Outcome(tuple(folders), comparison, interrupted=stop())


def _load(settings: ExportSettings, screen: Screen) -> Reviews:
    columns = Columns(
        settings.text_column,
        settings.label_column,
        settings.group_column,
        ReadOptions.of(settings.delimiter, settings.encoding),
        settings.strict,
    )
    return load(
        settings.data,
        data_dir=settings.data_dir,
        columns=columns,
        labels=settings.labels,
        licence=settings.licence,
        progress=screen.downloading,
    )


def _summary(reviews: Reviews, splits: Splits) -> str:
    sizes = ", ".join(f"{name} {len(part):,}" for name, part in splits.parts.items())
    labels = ", ".join(reviews.labels)
    return f"{len(reviews.rows):,} reviews, labels {labels}; {reviews.dropped}; {sizes} ({splits.rule})"


def _prepare(settings: ExportSettings, splits: Splits, screen: Screen) -> _Lessons:
    with screen.step("learn word vectors from the training reviews"):
        dataset = prepare(splits, vocabulary_size=settings.vocabulary_size, min_count=settings.min_count)
        vectors = word_vectors(
            dataset.train.ids, len(dataset.vocabulary), width=settings.embedding_size, seed=settings.seed
        )
    with screen.step("ask a linear model about reviews that it has not read"):
        teacher = cross_fitted_teacher(dataset.train, len(dataset.labels))
    return _Lessons(dataset, vectors, teacher)


def _seconds_left(settings: ExportSettings, started: float, cells: int) -> float | None:
    """Return the share of a cell in what is left of the time budget, at least a second for all of them."""
    if settings.time_budget is None:
        return None
    return max(1.0, settings.time_budget - (time.monotonic() - started)) / cells


def _train(
    settings: ExportSettings,
    cell: Cell,
    lessons: _Lessons,
    seconds: float | None,
    screen: Screen,
    stop: Callable[[], bool],
) -> TrainedModel:
    """Train once, or once for each pooling, and return what does best on validation."""
    trained = []
    for training in settings.trainings(cell, seconds):
        name = settings.model_name(cell) + (f" {training.pooling}" if settings.pooling == "best" else "")
        with screen.training(name) as report:
            model = train(
                lessons.dataset,
                lessons.vectors,
                lessons.teacher,
                training,
                progress=report,
                stop=stop,
                checkpoint=settings.repository / ".checkpoints" / f"{name}.safetensors",
                resume=settings.resume,
            )
        trained.append(model)
        if model.stopped:
            break
    return min(trained, key=lambda model: model.best.validation_loss)


def _about(
    settings: ExportSettings,
    reviews: Reviews,
    splits: Splits,
    dataset: Dataset,
    model: TrainedModel,
    measured: Measurements,
) -> About:
    return About(
        labels=splits.labels,
        temperature=model.temperature,
        data=data_of(reviews, splits),
        metrics=measured.metrics,
        behaviour=measured.behaviour,
        reference=reference(dataset.validation.ids, measured.probabilities["validation"], splits.labels),
        provenance=provenance_of(model, settings),
    )
