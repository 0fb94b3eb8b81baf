"""What happens to reviews, noted cheaply while they are answered and added to the metrics in bulk a little later."""

import numpy as np

from models.bundle.files import Bundle
from service.metrics.definitions import Metrics
from service.metrics.prediction_record import PredictionRecord


class PredictionMetrics:
    """The metrics of one served version. Only the event loop calls it."""

    def __init__(self, metrics: Metrics, bundle: Bundle) -> None:
        name, version = bundle.manifest.name, str(bundle.manifest.version)
        self._answered: list[PredictionRecord] = []
        self._requests = {
            outcome: metrics.requests.labels(name, version, outcome)
            for outcome in ("ok", "rejected", "expired", "cancelled", "invalid", "error")  # the engine counts three
        }
        self._labels = [metrics.predictions.labels(name, version, label) for label in bundle.manifest.labels]
        self._phases = [
            histogram.labels(name, version)
            for histogram in (
                metrics.tokenization_seconds,
                metrics.queue_seconds,
                metrics.compute_seconds,
                metrics.postprocess_seconds,
                metrics.request_seconds,
            )
        ]
        self._confidence = metrics.confidence.labels(name, version)
        self._words = metrics.input_tokens.labels(name)
        self._tokens = metrics.tokens.labels(name)
        self._unknown = metrics.unknown_tokens.labels(name)
        self._truncated = metrics.truncated.labels(name)
        self._empty = metrics.empty.labels(name)

    def answered(self, answer: PredictionRecord) -> None:
        """Note a prediction."""
        self._answered.append(answer)

    def failed(self, outcome: str) -> None:
        """Count a review that got no prediction: `invalid` or `error`."""
        self._requests[outcome].inc()

    def no_words(self) -> None:
        """Count a text without a word."""
        self._requests["invalid"].inc()
        self._empty.inc()

    def flush(self) -> list[PredictionRecord]:
        """Add what was noted to the metrics, and return it."""
        answered, self._answered = self._answered, []
        if not answered:
            return answered
        *phases, words, unknown, truncated, labels, confidence = np.array(answered, np.float64).T
        for histogram, seconds in zip(self._phases, phases, strict=True):
            histogram.observe_many(seconds)
        for metric, count in zip(self._labels, np.bincount(labels.astype(int)), strict=False):
            metric.inc(int(count))
        self._words.observe_many(words)
        self._confidence.observe_many(confidence)
        self._tokens.inc(int(words.sum()))
        self._unknown.inc(int(unknown.sum()))
        self._truncated.inc(int(truncated.sum()))
        self._requests["ok"].inc(len(answered))
        return answered
