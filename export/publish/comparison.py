"""The comparison that a bundle carries: its own figures on test beside those of the linear models, same reviews."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table

from export.publish.behaviour import behaviour, capability_rows, capability_table
from export.publish.measurements import Measurements, median_microseconds
from export.publish.modifiers import PLACES, Gains, modifier_gains, modifier_rows, next_word_table
from export.training.baselines import Baseline
from export.training.config import TrainedModel
from export.training.dataset import Dataset
from export.training.evaluate import measure
from models.bundle.files import InvalidBundle
from models.bundle.manifest import Capability, Metrics
from models.bundle.repository import model_names
from models.bundle.select import open_model

FILE = "report/comparison.json"


class Entry(BaseModel):
    """One classifier on the test split; seconds are of one training, microseconds of one review at a time.

    Where the labels are praise and blame, `behaviour` is what it judges right of the test of behaviour, by capability,
    and `modifiers` what words such as "not" do to others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    metrics: Metrics
    behaviour: dict[str, Capability] = {}
    modifiers: Gains = {}
    parameters: Annotated[int, Field(ge=0)]
    seconds_to_train: float
    microseconds_to_predict: float


class ComparisonReport(BaseModel):
    """Classifiers that were tested on the very same reviews, known by the `test` fingerprint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    test: str
    entries: tuple[Entry, ...]


def baseline_entry(fit: Callable[[Dataset], Baseline], dataset: Dataset) -> Entry:
    """Fit a baseline and measure it on test; its seconds include the tuning."""
    started = time.perf_counter()
    baseline = fit(dataset)
    seconds = time.perf_counter() - started
    return Entry(
        name=baseline.name,
        kind="linear" if baseline.tuned else "constant",
        metrics=measure(baseline.test, dataset.test.targets),
        behaviour=behaviour(baseline.predict, dataset.labels),
        modifiers=modifier_gains(baseline.predict, dataset.labels),
        parameters=baseline.parameters,
        seconds_to_train=seconds,
        microseconds_to_predict=median_microseconds(lambda text: baseline.predict([text]), dataset.test.texts),
    )


def model_entry(name: str, model: TrainedModel, measured: Measurements) -> Entry:
    """Return the entry of a trained network."""
    return Entry(
        name=name,
        kind=model.weights.cell,
        metrics=measured.metrics["test"],
        behaviour=measured.behaviour,
        modifiers=measured.modifiers,
        parameters=sum(array.size for array in model.weights.tensors().values()),
        seconds_to_train=model.seconds,
        microseconds_to_predict=measured.microseconds,
    )


def stored(repository: Path) -> tuple[list[ComparisonReport], list[str]]:
    """Read the comparison of the newest valid version of every model; return also what is to be said of the others."""
    found, warnings = list[ComparisonReport](), list[str]()
    for name in model_names(repository):
        try:
            model = open_model(repository, lambda bundle: bundle.folder / FILE, name=name)
        except InvalidBundle as error:
            warnings.append(str(error))
            continue
        warnings += model.warnings
        if model.newest.is_file():
            found.append(ComparisonReport.model_validate_json(model.newest.read_bytes()))
    return found, warnings


def merge(comparisons: Iterable[ComparisonReport]) -> list[ComparisonReport]:
    """Return one comparison for each test split: every entry once, the last one read of a name, best accuracy last."""
    merged: dict[str, ComparisonReport] = {}
    for one in comparisons:
        known = {entry.name: entry for entry in (merged[one.test].entries if one.test in merged else ())}
        known |= {entry.name: entry for entry in one.entries}
        ranked = sorted(known.values(), key=lambda entry: entry.metrics.accuracy)
        merged[one.test] = ComparisonReport(data=one.data, test=one.test, entries=tuple(ranked))
    return list(merged.values())


COLUMNS = (
    "model",
    "accuracy",
    "95 % interval",
    "F1",
    "AUC",
    "log-loss",
    "calib. error",
    "by chance",
    "parameters",
    "train s",
    "predict us",
)


def table_row(entry: Entry) -> list[str]:
    """Return the columns of an entry, as text."""
    found = entry.metrics
    interval = found.accuracy_interval
    return [
        entry.name,
        f"{100 * found.accuracy:.1f} %",
        f"{100 * interval.low:.1f} - {100 * interval.high:.1f}",
        f"{found.f1:.3f}",
        f"{found.auc:.3f}",
        f"{found.log_loss:.3f}",
        f"{found.calibration_error:.3f}",
        "" if found.calibration_by_chance is None else f"{found.calibration_by_chance:.3f}",
        f"{entry.parameters:,}",
        f"{entry.seconds_to_train:.1f}",
        f"{entry.microseconds_to_predict:.0f}",
    ]


def table(comparison: ComparisonReport) -> Table:
    """Return the comparison for a terminal."""
    rows = comparison.entries[0].metrics.rows
    drawn = Table(title=f"{comparison.data}: {rows:,} test reviews", title_justify="left")
    for column in COLUMNS:
        drawn.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    for entry in comparison.entries:
        drawn.add_row(*table_row(entry))
    return drawn


def behaviour_table(comparison: ComparisonReport) -> Table | None:
    """Return what each model can read as a table for a terminal, None where that was not tested."""
    tested = _tested(comparison)
    return capability_table(tested) if tested else None


def modifiers_table(comparison: ComparisonReport) -> Table | None:
    """Return what modifiers do to the next word in each model, for a terminal, None where that was not measured."""
    measured = {one.name: one.modifiers for one in comparison.entries if one.modifiers}
    return next_word_table(measured) if measured else None


def markdown(comparison: ComparisonReport) -> str:
    """Return the comparison as a Markdown table."""
    return _markdown(COLUMNS, map(table_row, comparison.entries))


def behaviour_markdown(comparison: ComparisonReport) -> str:
    """Return what each model can read as a Markdown table, nothing where that was not tested."""
    tested = _tested(comparison)
    return _markdown(("capability", *tested), capability_rows(tested)) if tested else ""


def _tested(comparison: ComparisonReport) -> dict[str, dict[str, Capability]]:
    return {one.name: one.behaviour for one in comparison.entries if one.behaviour}


def gains_markdown(gains: Gains) -> str:
    """Return what modifiers do in one model as a Markdown table."""
    return _markdown(("modifier", *PLACES), modifier_rows(gains))


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(_row(line) for line in lines)


def _row(columns: Sequence[str]) -> str:
    return f"| {' | '.join(columns)} |"
