"""How a published model does on labelled reviews: accuracy, each label, calibration, confusions, worst mistakes."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support

from export.publish.abstain import answered, answered_text
from export.publish.behaviour import capability_table
from export.publish.modifiers import modifier_table
from export.training.evaluate import calibration, confusion, measure
from models.bundle.manifest import Abstain, Answered, Capability, Metrics
from models.network.equations import Array

Share = Annotated[float, Field(ge=0, le=1)]


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelFigures(_Figures):
    """One label: how many reviews have it, and precision, recall and F1 of the answers."""

    label: str
    rows: int
    precision: Share
    recall: Share
    f1: Share


class CalibrationBin(_Figures):
    """Reviews of like confidence: how many, their mean confidence, and the share answered right."""

    rows: int
    confidence: Share
    accuracy: Share


class Mistake(_Figures):
    """A review answered wrong, by its row in the file from 1; `probability` is that of the wrong answer."""

    row: int
    label: str
    answer: str
    probability: Share
    text: str


class ReviewFigures(_Figures):
    """A model on labelled reviews; in `confusion` rows are the true labels and columns the answers.

    `answered` is what is left where the model abstains from what it is unsure of.
    """

    data: str
    metrics: Metrics
    by_label: tuple[LabelFigures, ...]
    calibration: tuple[CalibrationBin, ...]
    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[Mistake, ...]
    answered: Answered | None = None


class Evaluation(_Figures):
    """What was measured of one version of a model: on reviews, on how it reads, or on both."""

    model: str
    version: int
    labels: tuple[str, ...]
    reviews: ReviewFigures | None = None
    behaviour: dict[str, Capability] | None = None
    modifiers: dict[str, dict[str, float]] | None = None


def review_figures(
    data: str,
    texts: Sequence[str],
    targets: NDArray[np.int64],
    probabilities: Array,
    labels: Sequence[str],
    mistakes: int,
    abstain: Abstain | None = None,
) -> ReviewFigures:
    """Return how `probabilities [N, C]` do against `targets [N]`, with the `mistakes` most confident wrong answers.

    `abstain` is the model's own band of unsure answers.
    """
    return ReviewFigures(
        data=data,
        metrics=measure(probabilities, targets),
        by_label=_by_label(targets, probabilities, labels),
        calibration=tuple(
            CalibrationBin(rows=rows, confidence=sure, accuracy=right)
            for rows, sure, right in calibration(probabilities, targets, bins=10)
        ),
        confusion=tuple(tuple(row) for row in confusion(probabilities, targets).tolist()),
        worst=_mistakes(texts, targets, probabilities, labels)[:mistakes],
        answered=answered(probabilities, targets, abstain.below) if abstain else None,
    )


def _by_label(targets: NDArray[np.int64], probabilities: Array, labels: Sequence[str]) -> tuple[LabelFigures, ...]:
    answers = probabilities.argmax(1)
    found = precision_recall_fscore_support(targets, answers, labels=np.arange(len(labels)), zero_division=0.0)
    return tuple(
        LabelFigures(label=label, rows=int(rows), precision=float(precision), recall=float(recall), f1=float(f1))
        for label, precision, recall, f1, rows in zip(labels, *found, strict=True)
    )


def _mistakes(
    texts: Sequence[str], targets: NDArray[np.int64], probabilities: Array, labels: Sequence[str]
) -> tuple[Mistake, ...]:
    """Return the wrong answers, the most confident first."""
    answers, confidence = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(answers != targets)
    return tuple(
        Mistake(
            row=row + 1,
            label=labels[targets[row]],
            answer=labels[answers[row]],
            probability=float(confidence[row]),
            text=texts[row],
        )
        for row in wrong[np.argsort(-confidence[wrong], kind="stable")].tolist()
    )


def tables(evaluation: Evaluation) -> list[Table]:
    """Return everything that was measured as tables for a terminal."""
    drawn = []
    if evaluation.reviews:
        reviews = evaluation.reviews
        drawn += [_summary(evaluation, reviews), _labels(evaluation, reviews), _calibration(reviews), _worst(reviews)]
    if evaluation.behaviour is not None:
        drawn.append(capability_table({evaluation.model: evaluation.behaviour}))
    if evaluation.modifiers:
        drawn.append(modifier_table(evaluation.modifiers))
    return drawn


def _summary(evaluation: Evaluation, reviews: ReviewFigures) -> Table:
    found = reviews.metrics
    drawn = _table(f"{evaluation.model} {evaluation.version} on {reviews.data}: {found.rows:,} reviews", "", "value")
    interval = found.accuracy_interval
    drawn.add_row("accuracy", f"{100 * found.accuracy:.1f} % ({100 * interval.low:.1f} - {100 * interval.high:.1f})")
    for name in ("f1", "auc", "log_loss", "calibration_error", "calibration_by_chance"):
        drawn.add_row(name.replace("_", " "), f"{getattr(found, name):.3f}")
    if reviews.answered:
        drawn.add_row("certain", answered_text(reviews.answered))
    return drawn


def _labels(evaluation: Evaluation, reviews: ReviewFigures) -> Table:
    answers = [f"answer {label}" for label in evaluation.labels]
    drawn = _table("by label", "label", "reviews", "precision", "recall", "F1", *answers)
    for one, counts in zip(reviews.by_label, reviews.confusion, strict=True):
        drawn.add_row(
            one.label,
            f"{one.rows:,}",
            *(f"{value:.3f}" for value in (one.precision, one.recall, one.f1)),
            *(f"{count:,}" for count in counts),
        )
    return drawn


def _calibration(reviews: ReviewFigures) -> Table:
    drawn = _table("calibration", "confidence", "accuracy", "reviews")
    for one in reviews.calibration:
        drawn.add_row(f"{one.confidence:.3f}", f"{one.accuracy:.3f}", f"{one.rows:,}")
    return drawn


def _worst(reviews: ReviewFigures) -> Table:
    drawn = Table("row", "label", "answer", "probability", "text", title="worst mistakes", title_justify="left")
    for one in reviews.worst:
        drawn.add_row(str(one.row), one.label, one.answer, f"{one.probability:.3f}", one.text)
    return drawn


def _table(title: str, first: str, *columns: str) -> Table:
    drawn = Table(title=title, title_justify="left")
    drawn.add_column(first)
    for column in columns:
        drawn.add_column(column, justify="right")
    return drawn
