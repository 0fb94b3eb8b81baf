"""One model measured: on labelled reviews in files, on the test of behaviour, or on both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.data.reviews import targets_of
from export.data.tables import Columns, read_table
from export.publish.behaviour import behaviour
from export.publish.evaluation import Evaluation, ReviewFigures, review_figures
from export.publish.modifiers import modifier_gains
from export.training.dataset import encode
from models.bundle.files import Bundle
from models.bundle.manifest import Capability
from models.network.bulk import run_many
from models.network.equations import Array, softmax
from models.network.onnx_session import OnnxSession
from models.reviews.errors import DataError


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model is measured on; without a file on behaviour alone."""

    file: Path | None
    columns: Columns
    behaviour: bool
    mistakes: int


def evaluate_model(bundle: Bundle, wanted: Wanted) -> tuple[Evaluation, tuple[str, ...]]:
    """Return what was measured, and the places of rows that were skipped. Raises `DataError`."""
    predict, manifest = _Predictor(bundle), bundle.manifest
    reviews, skipped = _reviews(wanted.file, wanted, predict) if wanted.file else (None, ())
    found = _behaviour(predict) if wanted.behaviour else None
    measured = Evaluation(
        model=manifest.name,
        version=manifest.version,
        labels=manifest.labels,
        reviews=reviews,
        behaviour=found,
        modifiers=modifier_gains(predict, manifest.labels) if wanted.behaviour else None,
    )
    return measured, skipped


class _Predictor:
    """A bundle's probabilities `[N, C]` of any texts."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._session = OnnxSession(bundle.step_graph, bundle.manifest.states, bundle.manifest.layers)

    def __call__(self, texts: Sequence[str]) -> Array:
        return softmax(run_many(self._session, encode(texts, self.bundle.vocabulary)))


def _reviews(file: Path, wanted: Wanted, predict: _Predictor) -> tuple[ReviewFigures, tuple[str, ...]]:
    table = read_table(str(file), wanted.columns)
    manifest, texts = predict.bundle.manifest, [row.text for row in table.rows]
    labels = manifest.labels
    targets = targets_of(table.rows, labels, str(file))
    figures = review_figures(file.name, texts, targets, predict(texts), labels, wanted.mistakes, manifest.abstain)
    return figures, table.skipped


def _behaviour(predict: _Predictor) -> dict[str, Capability]:
    labels = predict.bundle.manifest.labels
    found = behaviour(predict, labels)
    if not found:
        raise DataError(f"the test of behaviour is about praise and blame; this model's labels are {', '.join(labels)}")
    return found
