"""Stage 1 from end to end: load, split, prepare, then train, evaluate and publish one model a cell."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from export.commands.show import Screen
from export.data.remarks import remarks
from export.data.reviews import Reviews
from export.data.sources import FREE_TEXTS
from export.data.splits import Splits, split
from export.inputs import Start, reviews_of, start_of
from export.publish.build_corpus import corpus_of
from export.publish.comparison import ComparisonReport, baseline_entry, model_entry
from export.publish.measurements import Measurements, measure_model
from export.publish.package import About, package
from export.publish.provenance import data_of, provenance_of
from export.publish.reference import reference
from export.publish.report import documents
from export.settings import ExportSettings
from export.training import checkpoint
from export.training.baselines import linear, majority, nb_svm
from export.training.config import TrainedModel
from export.training.dataset import Dataset
from export.training.soundness import require_learnt, require_space, require_words
from export.training.train import device_of, train
from models.bundle.repository import clear_unfinished
from models.corpus.corpus_file import Corpus
from models.network.equations import Cell

LABELS_SHOWN = 10
CHECKPOINTS = ".checkpoints"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export made: the folders of the new bundles and how everything compares on test."""

    folders: tuple[Path, ...]
    comparison: ComparisonReport | None
    interrupted: bool


def run(settings: ExportSettings, screen: Screen, stop: Callable[[], bool]) -> Outcome:
    """Train and publish every cell that is asked for.

    Raises `DataError`, `TrainingError` and `VerificationFailed`.
    """
    started = time.monotonic()
    device_of(settings.device)
    clear_unfinished(settings.repository)
    checkpoint.clear_unfinished(settings.repository / CHECKPOINTS)
    cells = settings.cells_to_train()
    reviews, splits = _read(settings, screen)
    with screen.step("learn word vectors from the training texts"):
        start = start_of(settings, splits, screen.say)
    _require_all(settings, cells, start.dataset)
    with screen.step("tune the linear models"):
        entries = [baseline_entry(fit, start.dataset) for fit in (majority, linear, nb_svm)]
    folders: list[Path] = []
    comparison = None
    for number, cell in enumerate(cells):
        name = settings.model_name(cell)
        model = _train(settings, cell, start, _seconds_left(settings, started, len(cells) - number), screen, stop)
        require_learnt(name, model, start.dataset)
        measured = measure_model(model, start.dataset, settings.abstain_accuracy)
        entries.append(model_entry(name, model, measured))
        comparison = ComparisonReport(data=reviews.name, test=splits.test.fingerprint, entries=tuple(entries))
        with screen.step(f"verify and publish {name}"):
            about = _about(settings, reviews, splits, start.dataset, model, measured)
            made = documents(measured.probabilities["test"], start.dataset.test, model, comparison)
            corpus = _corpus(settings, reviews, start.dataset, model)
            folders.append(
                package(
                    settings.repository, name, model.weights, model.vocabulary, about, corpus=corpus, documents=made
                )
            )
        if stop():
            break
    return Outcome(tuple(folders), comparison, interrupted=stop())


def _read(settings: ExportSettings, screen: Screen) -> tuple[Reviews, Splits]:
    with screen.step(f"read {settings.data}"):
        reviews = reviews_of(settings, screen.downloading)
        splits = split(reviews, settings.seed)
    for line in (_summary(reviews, splits), *remarks(reviews)):
        screen.say(line)
    return reviews, splits


def _require_all(settings: ExportSettings, cells: Sequence[Cell], dataset: Dataset) -> None:
    """Raise `DataError` where there is too little to learn from, or too little room on disk for any of `cells`."""
    require_words(dataset)
    sizes = {"embedding": settings.embedding_size, "hidden": settings.hidden_size, "layers": settings.layers}
    for cell in cells:
        require_space(settings.repository, dataset, cell, **sizes)


def _summary(reviews: Reviews, splits: Splits) -> str:
    sizes = ", ".join(f"{name} {len(each):,}" for name, each in splits.by_name.items())
    labels = ", ".join(reviews.labels[:LABELS_SHOWN]) + (", ..." if len(reviews.labels) > LABELS_SHOWN else "")
    return f"{len(reviews.rows):,} reviews, {len(reviews.labels):,} labels: {labels}; {sizes} ({splits.rule})"


def _seconds_left(settings: ExportSettings, started: float, cells: int) -> float | None:
    """Return the share of a cell in what is left of the time budget, at least a second for all of them."""
    if settings.time_budget is None:
        return None
    return max(1.0, settings.time_budget - (time.monotonic() - started)) / cells


def _train(
    settings: ExportSettings,
    cell: Cell,
    start: Start,
    seconds: float | None,
    screen: Screen,
    stop: Callable[[], bool],
) -> TrainedModel:
    """Train once, or once for each pooling, and return what does best on validation."""
    trained = []
    for training in settings.trainings(cell, seconds, len(start.dataset.lesson_ids)):
        name = settings.model_name(cell) + (f" {training.pooling}" if settings.pooling == "best" else "")
        with screen.training(name) as report:
            model = train(
                start.dataset,
                start.vectors,
                training,
                progress=report,
                stop=stop,
                checkpoint=settings.repository / CHECKPOINTS / f"{name}.safetensors",
                resume=settings.resume,
            )
        trained.append(model)
        if model.stopped:
            break
    return min(trained, key=lambda model: model.best.validation_loss)


def _corpus(settings: ExportSettings, reviews: Reviews, dataset: Dataset, model: TrainedModel) -> Corpus:
    validation, keep_texts = dataset.validation, settings.corpus_texts or reviews.name in FREE_TEXTS
    return corpus_of(model.weights, validation.ids, validation.texts, validation.targets, keep_texts=keep_texts)


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
        modifiers=measured.modifiers,
        abstain=measured.abstain,
        reference=reference(dataset.validation.ids, measured.probabilities["validation"], splits.labels),
        provenance=provenance_of(model, dataset.lesson_sizes, settings),
    )
