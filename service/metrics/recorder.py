"""What happens in one process, noted cheaply while requests are answered and reported a few times a second."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.bundle.manifest import Manifest
from models.network.equations import Array
from service.metrics.gauges import GaugeValues
from service.metrics.predictions import PredictionRecord, ServedVersion

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"

Request = tuple[str, str, int]
"""Method, path template, status."""

_typed_parameter = re.compile(r"\{(\w+):\w+\}")


def route_of(template: str) -> str:
    """Return a path template without the types of its parameters."""
    return _typed_parameter.sub(r"{\1}", template)


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """One report of a process: what happened since the report before, what it serves, and its gauges.

    `exemplars` are the seconds and the trace of the slowest request of each kind, of those that are in one.
    """

    served: Sequence[ServedVersion]
    gauges: GaugeValues
    predictions: Sequence[tuple[ServedVersion, Array]]
    outcomes: Counter[tuple[str, str, str]]
    loads: Counter[tuple[str, str, str]]
    runs: Sequence[tuple[str, str, Array]]
    requests: Sequence[tuple[Request, Array]]
    exemplars: Mapping[Request, tuple[float, str]]
    loop_lag: Sequence[float]


class Recorder:
    """Notes what happens in one process. `batch` is called where chunks are computed, all else by the event loop."""

    def __init__(self) -> None:
        self.active = dict.fromkeys((*METHODS, OTHER), 0)
        self._predictions: list[tuple[Manifest, PredictionRecord]] = []
        self._runs: deque[tuple[str, int, tuple[float, ...]]] = deque()
        self._requests: defaultdict[Request, list[float]] = defaultdict(list)
        self._exemplars: dict[Request, tuple[float, str]] = {}
        self._outcomes: Counter[tuple[str, str, str]] = Counter()
        self._loads: Counter[tuple[str, str, str]] = Counter()
        self._loop_lag: list[float] = []

    def answered(self, manifest: Manifest, record: PredictionRecord) -> None:
        """Note a prediction of a served version."""
        self._predictions.append((manifest, record))

    def unanswered(self, model: str, version: int, outcome: str) -> None:
        """Count a review without a prediction: one of `OUTCOMES`, or `NO_WORDS`."""
        self._outcomes[model, str(version), outcome] += 1

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        """Note a run of a network: reviews in it, rows x steps that hold a word, rows x steps in all, seconds."""
        self._runs.append((model, version, (rows, real, padded, seconds)))

    def loaded(self, model: str, version: int, outcome: str) -> None:
        """Count a load: `ok` or `failed`."""
        self._loads[model, str(version), outcome] += 1

    def request(self, method: str, template: str, status: int, seconds: float, trace: str = "") -> None:
        """Note that a request was answered in so many seconds, and in which trace, where it is in one."""
        request = method, template, status
        self._requests[request].append(seconds)
        if trace:  # the slowest of a report is kept
            self._exemplars[request] = max(self._exemplars.get(request, (0.0, "")), (seconds, trace))

    def lagged(self, seconds: float) -> None:
        """Note how late the event loop woke up."""
        self._loop_lag.append(seconds)

    def report(self, served: Sequence[Manifest], gauges: GaugeValues) -> ProcessReport:
        """Return what was noted since the last report; `served` are the versions that are served now."""
        predictions, self._predictions = self._predictions, []
        runs: defaultdict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
        for _ in range(len(self._runs)):
            name, number, run = self._runs.popleft()
            runs[name, number].append(run)
        requests, self._requests = self._requests, defaultdict(list)
        exemplars, self._exemplars = self._exemplars, {}
        outcomes = Counter(self._outcomes)
        self._outcomes.clear()
        loads, self._loads = self._loads, Counter()
        loop_lag, self._loop_lag = self._loop_lag, []
        return ProcessReport(
            [*map(ServedVersion.of, served)],
            gauges,
            _by_version(predictions),
            outcomes,
            loads,
            [(name, str(number), np.array(table)) for (name, number), table in runs.items()],
            [(request, np.array(seconds)) for request, seconds in requests.items()],
            exemplars,
            loop_lag,
        )


def _by_version(predictions: Sequence[tuple[Manifest, PredictionRecord]]) -> list[tuple[ServedVersion, Array]]:
    """Return a row for each prediction, `[N, fields of PredictionRecord]` a version."""
    records: defaultdict[tuple[str, int], list[PredictionRecord]] = defaultdict(list)
    manifests: dict[tuple[str, int], Manifest] = {}
    for manifest, record in predictions:
        key = manifest.name, manifest.version
        manifests[key] = manifest
        records[key].append(record)
    return [(ServedVersion.of(manifests[key]), np.array(rows, np.float64)) for key, rows in records.items()]
