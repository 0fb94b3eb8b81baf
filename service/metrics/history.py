"""The last day of the whole service, a row a minute: what the monitor page shows of the time before it was opened.

A row is 24 numbers of four bytes; the 1,440 of a day take less than half a megabyte, with the objects around them.
"""

from array import array
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from math import nan
from time import monotonic, time

import numpy as np

from service.metrics.by_model import ModelMinutes, ModelRows
from service.metrics.durations import counted, no_durations, quantile
from service.metrics.gauges import GaugeValues
from service.metrics.predictions import PredictionRecord
from service.metrics.recorder import ProcessReport

MINUTE = 60.0
KEPT = 24 * 60
PHASES = ("tokenization", "queue", "compute")
COLUMNS = [PredictionRecord._fields.index(phase) for phase in PHASES]

Row = tuple[float, Mapping[str, float]]
"""When a minute ended, in seconds of Unix time, and its figures by name; NaN where there is none."""


class Minute:
    """What all processes have measured since a minute began."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._answers: Counter[int] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._failed_loads = 0
        self._predict, self._lag = no_durations(), no_durations()
        self._phases = np.zeros(len(PHASES))
        self._runs = np.zeros(4)

    def add(self, measured: ProcessReport) -> None:
        """Add what a process has measured."""
        for (_, template, status), seconds in measured.requests:
            if template.startswith(("/v1/", "/v2/")):
                self._answers[status // 100] += len(seconds)
            if template == "/v1/predict":
                self._predict += counted(seconds)
        for _, rows in measured.predictions:
            self._outcomes["ok"] += len(rows)
            self._phases += rows[:, COLUMNS].sum(axis=0)
        for (_, _, outcome), reviews in measured.outcomes.items():
            self._outcomes[outcome] += reviews
        for _, _, runs in measured.runs:
            self._runs += [len(runs), *runs[:, :3].sum(axis=0)]
        for (_, _, outcome), loads in measured.loads.items():
            self._failed_loads += loads if outcome != "ok" else 0
        self._lag += counted(measured.loop_lag)

    def figures(self, now: float) -> dict[str, float]:
        """Return what the minute was like until now: a second, unless the name says otherwise."""
        seconds = max(now - self.began, 1e-3)
        answered = self._outcomes["ok"]
        runs, rows, real, padded = self._runs
        return {
            **{f"answers_{first}xx": self._answers[first] / seconds for first in (2, 4, 5)},
            **{f"predict_p{share}": quantile(self._predict, share / 100) for share in (50, 90, 99)},
            **{f"lag_p{share}": quantile(self._lag, share / 100) for share in (50, 99)},
            **{f"{phase}_mean": _ratio(total, answered) for phase, total in zip(PHASES, self._phases, strict=True)},
            "reviews": self._outcomes.total() / seconds,
            "rejected": self._outcomes["rejected"] / seconds,
            "expired": self._outcomes["expired"] / seconds,
            "batch_rows_mean": _ratio(rows, runs),
            "padding": 1 - _ratio(real, padded),
            "failed_loads": self._failed_loads,
        }


class History:
    """The minutes of the last day. A service that was stopped, or a machine that slept, leaves a gap."""

    def __init__(self) -> None:
        self._minute = Minute(monotonic())
        self._cores = 0.0
        self._rows: deque[tuple[float, array[float]]] = deque(maxlen=KEPT)
        self._columns: Sequence[str] = ()
        self._models = ModelMinutes(KEPT)

    def add(self, measured: ProcessReport, processes: Mapping[int, GaugeValues]) -> None:
        """Add what a process has measured; `processes` are the gauges of all."""
        self._minute.add(measured)
        self._models.add(measured)
        now = monotonic()
        if now - self._minute.began < MINUTE:
            return
        self._models.end(now - self._minute.began)
        figures = self._figures(now, processes)
        self._columns = [*figures]
        self._rows.append((time(), array("f", figures.values())))
        self._cores, self._minute = _sum(processes, "gatescope_worker_cpu_seconds"), Minute(now)

    def rows(self, processes: Mapping[int, GaugeValues], minutes: int) -> list[Row]:
        """Return so many of the last minutes, the oldest first, and after them the one that is not over yet."""
        kept = [(end, dict(zip(self._columns, row, strict=True))) for end, row in list(self._rows)[-minutes:]]
        return [*kept, (time(), self._figures(monotonic(), processes))]

    def models(self, minutes: int) -> ModelRows:
        """Return the same minutes of each model."""
        return self._models.rows(max(monotonic() - self._minute.began, 1e-3), minutes)

    def _figures(self, now: float, processes: Mapping[int, GaugeValues]) -> dict[str, float]:
        draining = _sum(processes, "gatescope_draining") > 0
        spent = _sum(processes, "gatescope_worker_cpu_seconds") - self._cores
        return {
            **self._minute.figures(now),
            "queue_filled": _ratio(
                _sum(processes, "gatescope_queue_predicted_seconds"), _sum(processes, "gatescope_queue_limit_seconds")
            ),
            "ready_workers": nan if draining else _sum(processes, "gatescope_ready_workers"),
            "cores": max(0.0, spent) / max(now - self._minute.began, 1e-3),
            "memory": _sum(processes, "gatescope_worker_memory_bytes"),
        }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else nan


def _sum(processes: Mapping[int, GaugeValues], name: str) -> float:
    return float(sum(sum(gauges.get(name, {}).values()) for gauges in list(processes.values())))
