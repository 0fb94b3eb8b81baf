"""The comparison that a bundle carries: its own figures on test beside those of the linear models, same reviews."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table

from export.publish.behaviour import capability_rows, capability_table
from models.bundle.manifest import Capability, Metrics

FILE = "report/comparison.json"


class Contender(BaseModel):
    """One classifier on the test split; seconds are of one training, microseconds of one review at a time.

    `behaviour` is what it judges right of the test of behaviour, by capability, where the labels are praise and blame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    metrics: Metrics
    behaviour: dict[str, Capability] = {}
    parameters: Annotated[int, Field(ge=0)]
    seconds_to_train: float
    microseconds_to_predict: float


class Comparison(BaseModel):
    """Classifiers that were tested on the very same reviews, known by the `test` fingerprint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    test: str
    contenders: tuple[Contender, ...]


def merge(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """One comparison for each test split: every contender once, the last one read of a name, best accuracy last."""
    merged: dict[str, Comparison] = {}
    for one in comparisons:
        known = {contender.name: contender for contender in (merged[one.test].contenders if one.test in merged else ())}
        known |= {contender.name: contender for contender in one.contenders}
        ranked = sorted(known.values(), key=lambda contender: contender.metrics.accuracy)
        merged[one.test] = Comparison(data=one.data, test=one.test, contenders=tuple(ranked))
    return list(merged.values())


COLUMNS = (
    "model",
    "accuracy",
    "95 % interval",
    "F1",
    "AUC",
    "log-loss",
    "calib. error",
    "parameters",
    "train s",
    "predict us",
)


def cells_of(contender: Contender) -> list[str]:
    """A contender's row of the table, as text."""
    found = contender.metrics
    interval = found.accuracy_interval
    return [
        contender.name,
        f"{100 * found.accuracy:.1f} %",
        f"{100 * interval.low:.1f} - {100 * interval.high:.1f}",
        f"{found.f1:.3f}",
        f"{found.auc:.3f}",
        f"{found.log_loss:.3f}",
        f"{found.calibration_error:.3f}",
        f"{contender.parameters:,}",
        f"{contender.seconds_to_train:.1f}",
        f"{contender.microseconds_to_predict:.0f}",
    ]


def table(comparison: Comparison) -> Table:
    """The comparison for a terminal."""
    rows = comparison.contenders[0].metrics.rows
    drawn = Table(title=f"{comparison.data}: {rows:,} test reviews", title_justify="left")
    for column in COLUMNS:
        drawn.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    for contender in comparison.contenders:
        drawn.add_row(*cells_of(contender))
    return drawn


def behaviour_table(comparison: Comparison) -> Table | None:
    """Return what each contender can read as a table for a terminal, None where that was not tested."""
    tested = _tested(comparison)
    return capability_table(tested) if tested else None


def markdown(comparison: Comparison) -> str:
    """The comparison as a Markdown table."""
    return _markdown(COLUMNS, map(cells_of, comparison.contenders))


def behaviour_markdown(comparison: Comparison) -> str:
    """Return what each contender can read as a Markdown table, nothing where that was not tested."""
    tested = _tested(comparison)
    return _markdown(("capability", *tested), capability_rows(tested)) if tested else ""


def _tested(comparison: Comparison) -> dict[str, dict[str, Capability]]:
    return {one.name: one.behaviour for one in comparison.contenders if one.behaviour}


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(_row(line) for line in lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
