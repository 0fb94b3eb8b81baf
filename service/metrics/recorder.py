"""What happens in one process, noted cheaply while requests are answered and reported a few times a second."""

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array
from service.metrics.gauges import GaugeValues
from service.metrics.predictions import NO_WORDS, PredictionRecord, ServedVersion

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"

Request = tuple[str, str, int]
"""Method, path template, status."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """One report of a process: what happened since the report before, what it serves, and its gauges."""

    served: Sequence[ServedVersion]
    gauges: GaugeValues
    predictions: Sequence[tuple[ServedVersion, Array]]
    outcomes: Counter[tuple[str, str, str]]
    loads: Counter[tuple[str, str, str]]
    runs: Sequence[tuple[str, str, Array]]
    requests: Sequence[tuple[Request, Array]]
    loop_lag: Sequence[float]


class VersionRecorder:
    """Notes what becomes of the reviews of one served version."""

    def __init__(
        self,
        served: ServedVersion,
        predictions: list[tuple[ServedVersion, PredictionRecord]],
        outcomes: Counter[tuple[str, str, str]],
    ) -> None:
        self.served, self._predictions, self._outcomes = served, predictions, outcomes

    def answered(self, record: PredictionRecord) -> None:
        """Note a prediction."""
        self._predictions.append((self.served, record))

    def failed(self, outcome: str) -> None:
        """Count a review that got no prediction: `invalid` or `error`."""
        self._outcomes[(*self.served.key, outcome)] += 1

    def no_words(self) -> None:
        """Count a text without a word."""
        self.failed(NO_WORDS)


class Recorder:
    """Notes what happens in one process. `run` is called where chunks are computed, all else by the event loop."""

    def __init__(self) -> None:
        self.active = dict.fromkeys((*METHODS, OTHER), 0)
        self._predictions: list[tuple[ServedVersion, PredictionRecord]] = []
        self._runs: deque[tuple[str, int, tuple[float, ...]]] = deque()
        self._requests: defaultdict[Request, list[float]] = defaultdict(list)
        self._outcomes: Counter[tuple[str, str, str]] = Counter()
        self._loads: Counter[tuple[str, str, str]] = Counter()
        self._loop_lag: list[float] = []

    def of(self, served: ServedVersion) -> "VersionRecorder":
        """Return what notes the reviews of one served version."""
        return VersionRecorder(served, self._predictions, self._outcomes)

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        """Note a run of a network: reviews in it, rows x steps that hold a word, rows x steps in all, seconds."""
        self._runs.append((model, version, (rows, real, padded, seconds)))

    def refused(self, model: str, version: int) -> None:
        """Count a review that was not accepted: too much work waits."""
        self._outcomes[model, str(version), "rejected"] += 1

    def expired(self, model: str, version: int) -> None:
        """Count a review whose deadline passed."""
        self._outcomes[model, str(version), "expired"] += 1

    def cancelled(self, model: str, version: int) -> None:
        """Count a review that nobody waits for any longer."""
        self._outcomes[model, str(version), "cancelled"] += 1

    def loaded(self, model: str, version: int, outcome: str) -> None:
        """Count a load: `ok` or `failed`."""
        self._loads[model, str(version), outcome] += 1

    def request(self, method: str, template: str, status: int, seconds: float) -> None:
        """Note that a request was answered in so many seconds."""
        self._requests[method, template, status].append(seconds)

    def lagged(self, seconds: float) -> None:
        """Note how late the event loop woke up."""
        self._loop_lag.append(seconds)

    def report(self, served: Sequence[ServedVersion], gauges: GaugeValues) -> Measurements:
        """Return what was noted since the last report."""
        predictions: defaultdict[ServedVersion, list[PredictionRecord]] = defaultdict(list)
        for version, record in self._predictions:
            predictions[version].append(record)
        self._predictions.clear()
        runs: defaultdict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
        for _ in range(len(self._runs)):
            name, number, run = self._runs.popleft()
            runs[name, number].append(run)
        requests, self._requests = self._requests, defaultdict(list)
        outcomes = Counter(self._outcomes)
        self._outcomes.clear()
        loads, self._loads = self._loads, Counter()
        loop_lag, self._loop_lag = self._loop_lag, []
        return Measurements(
            served,
            gauges,
            [(version, np.array(records, np.float64)) for version, records in predictions.items()],
            outcomes,
            loads,
            [(name, str(number), np.array(table)) for (name, number), table in runs.items()],
            [(request, np.array(seconds)) for request, seconds in requests.items()],
            loop_lag,
        )
