"""What the service did, a row for each of the last intervals: minutes of a day, or seconds of the last minutes.

A row is 24 numbers of four bytes; the 1,440 of a day take less than half a megabyte, with the objects around them.
Answers grouped by name take as much again for every 16 names.
"""

from array import array
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from math import nan
from time import monotonic, time
from typing import Literal, get_args

import numpy as np

from service.metrics.durations import counted, no_durations, quantile
from service.metrics.gauges import GaugeValues
from service.metrics.grouped import AnswersByName, GroupedAnswers
from service.metrics.predictions import PredictionRecord
from service.metrics.recorder import ProcessReport, route_of

MINUTE = 60.0
KEPT = 24 * 60
RUNNING = 2.0
"""Seconds from which on an interval that is not over yet says something."""
PHASES = ("tokenization", "queue", "compute")
COLUMN = {name: place for place, name in enumerate(PredictionRecord._fields)}

By = Literal["model", "version", "route"]
"""What answers are grouped by: model, version of a model, or route with its status."""

Row = tuple[float, Mapping[str, float]]
"""When an interval ended, in seconds of Unix time, and its figures by name; NaN where there is none."""


class TimeSlice:
    """What all processes have measured since an interval began."""

    def __init__(self, began: float) -> None:
        self.began = began
        self._answers: Counter[int] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._failed_loads = 0
        self._predict, self._lag = no_durations(), no_durations()
        self._phases = {phase: no_durations() for phase in PHASES}
        self._words = 0.0
        self._runs = np.zeros(4)

    def add(self, measured: ProcessReport) -> None:
        """Add what a process has measured."""
        for (_, template, status), seconds in measured.requests:
            if is_production(template):
                self._answers[status // 100] += len(seconds)
            if template == "/v1/predict":
                self._predict += counted(seconds)
        for _, rows in measured.predictions:
            self._outcomes["ok"] += len(rows)
            self._words += rows[:, COLUMN["words"]].sum()
            for phase in PHASES:
                self._phases[phase] += counted(rows[:, COLUMN[phase]])
        for (_, _, outcome), reviews in measured.outcomes.items():
            self._outcomes[outcome] += reviews
        for _, _, runs in measured.runs:
            self._runs += [len(runs), *runs[:, :3].sum(axis=0)]
        for (_, _, outcome), loads in measured.loads.items():
            self._failed_loads += loads if outcome != "ok" else 0
        self._lag += counted(measured.loop_lag)

    def figures(self, now: float) -> dict[str, float]:
        """Return what the interval was like until now: a second, unless the name says otherwise."""
        seconds = max(now - self.began, 1e-3)
        answered = self._outcomes["ok"]
        runs, rows, real, padded = self._runs
        return {
            **{f"answers_{first}xx": self._answers[first] / seconds for first in (2, 4, 5)},
            **{f"predict_p{share}": quantile(self._predict, share / 100) for share in (50, 90, 99)},
            **{f"lag_p{share}": quantile(self._lag, share / 100) for share in (50, 99)},
            **{f"{phase}_p99": quantile(self._phases[phase], 0.99) for phase in PHASES},
            "words_mean": _ratio(self._words, answered),
            "reviews": self._outcomes.total() / seconds,
            "rejected": self._outcomes["rejected"] / seconds,
            "expired": self._outcomes["expired"] / seconds,
            "batch_rows_mean": _ratio(rows, runs),
            "padding": 1 - _ratio(real, padded),
            "failed_loads": self._failed_loads,
        }


class History:
    """The last intervals. A service that was stopped, or a machine that slept, leaves a gap."""

    def __init__(self, seconds: float = MINUTE, kept: int = KEPT) -> None:
        """An interval lasts `seconds`; so many are `kept`."""
        self._seconds = seconds
        self._interval = TimeSlice(monotonic())
        self._cores = 0.0
        self._rows: deque[tuple[float, array[float]]] = deque(maxlen=kept)
        self._columns: Sequence[str] = ()
        self._grouped = {by: GroupedAnswers(kept) for by in get_args(By)}

    def add(self, measured: ProcessReport, processes: Mapping[int, GaugeValues]) -> None:
        """Add what a process has measured; `processes` are the gauges of all."""
        self._interval.add(measured)
        self._group(measured)
        now = monotonic()
        if now - self._interval.began < self._seconds:
            return
        for answers in self._grouped.values():
            answers.end(now - self._interval.began)
        figures = self._figures(now, processes)
        self._columns = [*figures]
        self._rows.append((time(), array("f", figures.values())))
        self._cores, self._interval = _sum(processes, "gatescope_worker_cpu_seconds"), TimeSlice(now)

    def rows(self, processes: Mapping[int, GaugeValues], minutes: int, by: By) -> tuple[list[Row], AnswersByName]:
        """Return the rows of so many of the last minutes, the oldest first, and the same answers grouped `by`.

        The last row is that of the interval that is not over yet, where it has run for a while.
        """
        now, last = monotonic(), round(minutes * MINUTE / self._seconds)
        kept: list[Row] = [(end, dict(zip(self._columns, row, strict=True))) for end, row in list(self._rows)[-last:]]
        running = now - self._interval.began
        if kept and running < RUNNING:
            return kept, self._grouped[by].rows(last, None)
        return [*kept, (time(), self._figures(now, processes))], self._grouped[by].rows(last, max(running, 1e-3))

    def _group(self, measured: ProcessReport) -> None:
        for served, rows in measured.predictions:
            seconds = rows[:, COLUMN["request"]]
            self._grouped["model"].add(served.name, seconds)
            self._grouped["version"].add(f"{served.name} v{served.version}", seconds)
        for (_, template, status), seconds in measured.requests:
            if is_production(template):
                self._grouped["route"].add(f"{route_of(template)} {status}", seconds)

    def _figures(self, now: float, processes: Mapping[int, GaugeValues]) -> dict[str, float]:
        draining = _sum(processes, "gatescope_draining") > 0
        spent = _sum(processes, "gatescope_worker_cpu_seconds") - self._cores
        return {
            **self._interval.figures(now),
            "queue_filled": _ratio(
                _sum(processes, "gatescope_queue_predicted_seconds"), _sum(processes, "gatescope_queue_limit_seconds")
            ),
            "ready_workers": nan if draining else _sum(processes, "gatescope_ready_workers"),
            "cores": max(0.0, spent) / max(now - self._interval.began, 1e-3),
            "memory": _sum(processes, "gatescope_worker_memory_bytes"),
        }


def is_production(template: str) -> bool:
    """Return whether an answer is one to a client: looking at the service counts for nothing."""
    return template.startswith(("/v1/", "/v2/"))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else nan


def _sum(processes: Mapping[int, GaugeValues], name: str) -> float:
    return float(sum(sum(gauges.get(name, {}).values()) for gauges in list(processes.values())))
