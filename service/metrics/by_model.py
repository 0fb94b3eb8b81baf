"""The last day of each model, a row a minute: how many reviews it read, and how long the slowest hundredth took."""

from array import array
from collections import deque
from collections.abc import Mapping
from math import nan

from models.network.equations import Array
from service.metrics.durations import counted, no_durations, quantile
from service.metrics.predictions import PredictionRecord
from service.metrics.recorder import ProcessReport

MOST_MODELS = 16
"""Models that are told apart, those that answered first: a row is two numbers of four bytes for each."""

REQUEST = PredictionRecord._fields.index("request")

ModelRows = Mapping[str, list[tuple[float, float]]]
"""By model, for each minute: the 99th percentile of its predictions in seconds, and its reviews a second."""


class ModelMinutes:
    """The minutes of each model, of all processes together."""

    def __init__(self, most: int) -> None:
        self._names: list[str] = []
        self._rows: deque[array[float]] = deque(maxlen=most)
        self._counts: dict[str, Array] = {}

    def add(self, measured: ProcessReport) -> None:
        """Add what a process has measured."""
        for served, rows in measured.predictions:
            if served.name not in self._names and len(self._names) < MOST_MODELS:
                self._names.append(served.name)
            if served.name in self._names:
                before = self._counts.get(served.name, no_durations())
                self._counts[served.name] = before + counted(rows[:, REQUEST])

    def end(self, seconds: float) -> None:
        """Keep the minute, which took so many seconds, and begin the next."""
        self._rows.append(self._row(seconds))
        self._counts = {}

    def rows(self, seconds: float, minutes: int) -> ModelRows:
        """Return so many of the last minutes of each model, and after them the one that has run for `seconds`."""
        rows = [*list(self._rows)[-minutes:], self._row(seconds)]
        return {
            name: [(row[place], row[place + 1]) if place < len(row) else (nan, 0.0) for row in rows]
            for place, name in zip(range(0, 2 * len(self._names), 2), list(self._names), strict=True)
        }

    def _row(self, seconds: float) -> "array[float]":
        counts = [self._counts.get(name, no_durations()) for name in self._names]
        return array("f", [figure for one in counts for figure in (quantile(one, 0.99), int(one.sum()) / seconds)])
