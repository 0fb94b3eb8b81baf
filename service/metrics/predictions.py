"""The metrics of predictions. A new one is a field of `PredictionRecord` and two lines of `PredictionMetrics`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.bundle.manifest import Manifest, Reference
from models.network.equations import Array
from service.metrics.definitions import MODEL, VERSION, Registry, powers_of_two

CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
OUTCOMES = ("ok", "rejected", "expired", "cancelled", "invalid", "error")
NO_WORDS = "no words"
"""An outcome that is counted as `invalid`, and as an empty input."""


class Phases(NamedTuple):
    """The seconds of one prediction: all of them, then what they went to."""

    request: float
    tokenization: float
    queue: float
    compute: float
    postprocess: float = 0.0


class PredictionRecord(NamedTuple):
    """One prediction: seconds of its phases, what the text was like, what the model said."""

    request: float
    tokenization: float
    queue: float
    compute: float
    postprocess: float
    words: int
    unknown: int
    truncated: bool
    label: int
    confidence: float

    @classmethod
    def of(
        cls, phases: Phases, words: int, unknown: int, truncated: bool, probabilities: Sequence[float]
    ) -> "PredictionRecord":
        """Return the record of a prediction; `probabilities` stand in the order of the labels."""
        confidence = max(probabilities)
        return cls(*phases, words, unknown, truncated, probabilities.index(confidence), confidence)


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """A served version, as the metrics know it: its labels in index order, and its validation reviews."""

    name: str
    version: str
    labels: tuple[str, ...]
    reference: Reference

    @classmethod
    def of(cls, manifest: Manifest) -> "ServedVersion":
        """Return what the metrics need of a manifest."""
        return cls(manifest.name, str(manifest.version), manifest.labels, manifest.reference)

    @property
    def key(self) -> tuple[str, str]:
        """Return the values of the labels `model` and `version`."""
        return self.name, self.version


class PredictionMetrics:
    """What becomes of reviews."""

    def __init__(self, registry: Registry, max_words: int) -> None:
        self._outcomes = registry.counter("inference_requests", "Reviews by what became of them", [*VERSION, "outcome"])
        self._phases = {
            "request": registry.histogram("request_duration_seconds", "Time from text to prediction", VERSION),
            "tokenization": registry.histogram("tokenization_seconds", "Time to find a text's words", VERSION),
            "queue": registry.histogram("queue_seconds", "Time that a review waited for its first chunk", VERSION),
            "compute": registry.histogram("compute_seconds", "Time from a review's first chunk to its last", VERSION),
            "postprocess": registry.histogram("postprocess_seconds", "Time from logits to prediction", VERSION),
        }
        self._words = registry.histogram("input_tokens", "Words read of a review", MODEL, powers_of_two(max_words))
        self._confidence = registry.histogram("confidence", "Highest probability of a prediction", VERSION, CONFIDENCE)
        self._labels = registry.counter("predictions", "Predictions by label", [*VERSION, "label"])
        self._tokens = registry.counter("tokens", "Words read", MODEL)
        self._unknown = registry.counter("oov_tokens", "Words read that the model does not know", MODEL)
        self._truncated = registry.counter("truncated", "Reviews of which words were cut off", MODEL)
        self._empty = registry.counter("empty_inputs", "Texts without a word", MODEL)

    def begin(self, served: ServedVersion) -> None:
        """Show a version's series, at zero: a rate can be told from the first review on."""
        for outcome in OUTCOMES:
            self._outcomes.labels(*served.key, outcome)
        for label in served.labels:
            self._labels.labels(*served.key, label)
        for histogram in (*self._phases.values(), self._confidence):
            histogram.labels(*served.key)
        for metric in (self._words, self._tokens, self._unknown, self._truncated, self._empty):
            metric.labels(served.name)

    def count(self, name: str, version: str, outcome: str, reviews: int) -> None:
        """Count reviews that got no prediction."""
        if outcome == NO_WORDS:
            self._empty.labels(name).inc(reviews)
            outcome = "invalid"
        self._outcomes.labels(name, version, outcome).inc(reviews)

    def add(self, served: ServedVersion, columns: dict[str, Array]) -> None:
        """Count predictions: a column `[N]` for every field of `PredictionRecord`."""
        name = served.name
        for phase, metric in self._phases.items():
            metric.labels(*served.key).observe_many(columns[phase])
        self._confidence.labels(*served.key).observe_many(columns["confidence"])
        self._words.labels(name).observe_many(columns["words"])
        for index, label in enumerate(served.labels):
            self._labels.labels(*served.key, label).inc(int((columns["label"] == index).sum()))
        self._tokens.labels(name).inc(int(columns["words"].sum()))
        self._unknown.labels(name).inc(int(columns["unknown"].sum()))
        self._truncated.labels(name).inc(int(columns["truncated"].sum()))
        self._outcomes.labels(*served.key, "ok").inc(len(columns["words"]))
