"""Stage 1 from end to end: reviews, splits, words, linear models, then each cell trained, tested and published."""

import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import numpy as np

from export.commands.show import Screen
from export.data.reviews import Reviews
from export.data.sources import load
from export.data.splits import Splits, split
from export.data.tables import Columns
from export.publish.behaviour import behaviour
from export.publish.comparison import Comparison, Contender
from export.publish.package import About, package
from export.publish.reference import reference
from export.publish.report import documents
from export.settings import ExportSettings
from export.training.baselines import Baseline, linear, majority, nb_svm
from export.training.batches import encode
from export.training.config import Settings, Trained
from export.training.evaluate import measure
from export.training.train import train
from export.training.vectors import Lexicon, learn_words
from models.bundle.files import read
from models.bundle.manifest import Capability, Data, Metrics, Provenance, Split
from models.bundle.repository import versions
from models.network.bulk import run_many
from models.network.equations import POOLINGS, Array, Cell, Pooling, softmax
from models.network.onnx_graph import open_step_graph
from models.network.session import run_whole

Item = TypeVar("Item")
LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy", "scikit-learn")


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a cell's training gave, and how it does: probabilities are the exported graph's, not the trainer's."""

    trained: Trained
    probabilities: dict[str, Array]
    metrics: dict[str, Metrics]
    behaviour: dict[str, Capability]
    microseconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an export made: the folders of the new bundles and how everything compares on test."""

    folders: tuple[Path, ...]
    comparison: Comparison | None
    interrupted: bool


def missing(settings: ExportSettings) -> tuple[Cell, ...]:
    """The cells to train: all of them, or those without a version where `if_missing`."""
    if not settings.if_missing:
        return settings.cells
    return tuple(cell for cell in settings.cells if not versions(settings.repository, settings.model_name(cell)))


def run(settings: ExportSettings, screen: Screen, stop: Callable[[], bool]) -> Outcome:
    """Train and publish every cell that is asked for. Raises `DataError` and `VerificationFailed`."""
    started = time.monotonic()
    cells = missing(settings)
    with screen.step(f"read {settings.data}"):
        reviews = _load(settings, screen)
        splits = split(reviews, settings.seed)
    screen.say(_told(reviews, splits))
    with screen.step("learn word vectors from the training reviews"):
        lexicon = learn_words(
            splits.train.texts,
            size=settings.vocabulary_size,
            min_count=settings.min_count,
            width=settings.embedding_size,
            seed=settings.seed,
        )
    with screen.step("tune the linear models"):
        contenders = [_rival(fit, splits) for fit in (majority, linear, nb_svm)]
    folders = []
    for number, cell in enumerate(cells):
        left = _time_left(settings, started, len(cells) - number)
        learnt = _learn(settings, cell, splits, lexicon, left, screen, stop)
        contenders.append(_contender(settings.model_name(cell), cell, learnt))
        comparison = Comparison(data=reviews.name, test=splits.test.fingerprint, contenders=tuple(contenders))
        with screen.step(f"verify and publish {settings.model_name(cell)}"):
            folders.append(_publish(settings, reviews, splits, learnt, comparison))
        if stop():
            return Outcome(tuple(folders), comparison, interrupted=True)
    return Outcome(tuple(folders), comparison if folders else None, interrupted=False)


def _load(settings: ExportSettings, screen: Screen) -> Reviews:
    columns = Columns(settings.text_column, settings.label_column, settings.group_column)
    return load(
        settings.data,
        data_dir=settings.data_dir,
        columns=columns,
        labels=settings.labels,
        licence=settings.licence,
        progress=screen.downloading,
    )


def _told(reviews: Reviews, splits: Splits) -> str:
    sizes = ", ".join(f"{name} {len(part):,}" for name, part in splits.parts.items())
    found = f"dropped {reviews.duplicates:,} duplicates and {reviews.overlap:,} shared by training and test"
    return f"{len(reviews.rows):,} reviews, labels {', '.join(reviews.labels)}; {found}; {sizes} ({splits.rule})"


def _time_left(settings: ExportSettings, started: float, cells: int) -> float | None:
    if settings.time_budget is None:
        return None
    return max(1.0, settings.time_budget - (time.monotonic() - started)) / cells


def _learn(
    settings: ExportSettings,
    cell: Cell,
    splits: Splits,
    lexicon: Lexicon,
    seconds: float | None,
    screen: Screen,
    stop: Callable[[], bool],
) -> TrainedModel:
    trained = _train(settings, cell, splits, lexicon, seconds, screen, stop)
    session = open_step_graph(trained.weights)
    encoded = {name: encode(part.texts, trained.vocabulary, 2048) for name, part in splits.parts.items()}
    probabilities = {name: softmax(run_many(session, encoded[name])) for name in ("validation", "test")}
    metrics = {name: measure(found, splits.parts[name].targets) for name, found in probabilities.items()}
    microseconds = _median_microseconds(
        lambda text: run_whole(session, encode([text], trained.vocabulary, 2048)), splits.test.texts
    )
    read = behaviour(lambda texts: softmax(run_many(session, encode(texts, trained.vocabulary, 2048))), splits.labels)
    return TrainedModel(trained, probabilities, metrics, read, microseconds)


def _train(
    settings: ExportSettings,
    cell: Cell,
    splits: Splits,
    lexicon: Lexicon,
    seconds: float | None,
    screen: Screen,
    stop: Callable[[], bool],
) -> Trained:
    """One training, or one for each pooling, of which the one that does best on validation is kept."""
    tried = []
    for pooling in POOLINGS if settings.pooling == "best" else (settings.pooling,):
        name = settings.model_name(cell) + (f" {pooling}" if settings.pooling == "best" else "")
        checkpoint = settings.repository / ".checkpoints" / f"{name}.safetensors"
        with screen.training(name) as report:
            one = train(
                splits,
                lexicon,
                _training(settings, cell, pooling, seconds),
                progress=report,
                stop=stop,
                checkpoint=checkpoint,
                resume=settings.resume,
            )
        tried.append(one)
        if one.stopped:
            break
    return min(tried, key=lambda one: one.best.validation_loss)


def _training(settings: ExportSettings, cell: Cell, pooling: Pooling, seconds: float | None) -> Settings:
    """The trainer's settings: its own defaults, and whatever was set here."""
    chosen = {name: value for name, value in settings.model_dump().items() if value is not None}
    chosen |= {"cell": cell, "pooling": pooling, "hidden": settings.hidden_size}
    if seconds is not None:
        chosen["time_budget"] = seconds / (len(POOLINGS) if settings.pooling == "best" else 1)
    else:
        chosen.pop("time_budget", None)
    known = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in chosen.items() if name in known})


def _median_microseconds(predict: Callable[[Item], object], items: Sequence[Item], count: int = 300) -> float:
    """The median time of one review alone."""
    seconds = []
    for item in items[:count]:
        before = time.perf_counter()
        predict(item)
        seconds.append(time.perf_counter() - before)
    return 1e6 * float(np.median(seconds))


def _rival(fit: Callable[[Splits], Baseline], splits: Splits) -> Contender:
    """A baseline as a contender; its seconds include the tuning."""
    started = time.perf_counter()
    rival = fit(splits)
    return Contender(
        name=rival.name,
        kind="linear" if rival.chosen else "constant",
        metrics=measure(rival.probabilities, splits.test.targets),
        behaviour=behaviour(rival.predict, splits.labels),
        parameters=rival.parameters,
        seconds_to_train=time.perf_counter() - started,
        microseconds_to_predict=_median_microseconds(lambda text: rival.predict([text]), splits.test.texts),
    )


def _contender(name: str, cell: Cell, learnt: TrainedModel) -> Contender:
    return Contender(
        name=name,
        kind=cell,
        metrics=learnt.metrics["test"],
        behaviour=learnt.behaviour,
        parameters=sum(array.size for array in learnt.trained.weights.tensors().values()),
        seconds_to_train=learnt.trained.seconds,
        microseconds_to_predict=learnt.microseconds,
    )


def _publish(
    settings: ExportSettings, reviews: Reviews, splits: Splits, learnt: TrainedModel, comparison: Comparison
) -> Path:
    trained = learnt.trained
    validation = encode(splits.validation.texts, trained.vocabulary, 2048)
    about = About(
        labels=splits.labels,
        temperature=trained.temperature,
        data=_data(reviews, splits),
        metrics=learnt.metrics,
        behaviour=learnt.behaviour,
        reference=reference(validation, learnt.probabilities["validation"], splits.labels),
        provenance=_provenance(settings, trained),
    )
    name = settings.model_name(trained.weights.cell)
    made = documents(learnt.probabilities["test"], splits.test, trained, comparison)
    folder = package(settings.repository, name, trained.weights, trained.vocabulary, about, documents=made)
    return read(folder).folder


def _data(reviews: Reviews, splits: Splits) -> Data:
    return Data(
        name=reviews.name,
        source=reviews.source,
        licence=reviews.licence,
        split_rule=splits.rule,
        splits={name: Split(rows=len(part), fingerprint=part.fingerprint) for name, part in splits.parts.items()},
        duplicates=reviews.duplicates,
        overlap=reviews.overlap,
    )


def _provenance(settings: ExportSettings, trained: Trained) -> Provenance:
    told = {name: value for name, value in settings.model_dump(mode="json").items() if not isinstance(value, list)}
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["gatescope", *sys.argv[1:]]),
        git_commit=_git_commit(),
        seed=settings.seed,
        libraries={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        settings={**told, "pooling": trained.weights.pooling, "device": trained.device},
        seconds_to_train=trained.seconds,
        epochs=len(trained.history),
    )


def _git_commit() -> str | None:
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
