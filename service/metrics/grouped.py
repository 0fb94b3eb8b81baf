"""Answers grouped by a name, a row for each of the last intervals: by model, version, or route with its status."""

from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from math import nan

from models.network.equations import Array
from service.metrics.durations import counted, no_durations, quantile

MOST = 16
"""Groups that are kept of an interval, those with the most answers: two numbers of four bytes each."""

AnswersByName = Mapping[str, list[tuple[float, float]]]
"""By name, for each minute: the 99th percentile of the answers' durations in seconds, and the answers a second."""

Answers = tuple[tuple[str, ...], "array[float]"]


class GroupedAnswers:
    """The answers of each name in the last intervals, of all processes together."""

    def __init__(self, most: int) -> None:
        self._rows: deque[Answers] = deque(maxlen=most)
        self._counts: dict[str, Array] = {}

    def add(self, name: str, seconds: Sequence[float] | Array) -> None:
        """Add how long answers took."""
        self._counts[name] = self._counts.get(name, no_durations()) + counted(seconds)

    def end(self, seconds: float) -> None:
        """Keep the minute, which took so many seconds, and begin the next."""
        names, figures = self._row(seconds)
        before = self._rows[-1][0] if self._rows else ()
        self._rows.append((before if names == before else names, figures))
        self._counts = {}

    def rows(self, minutes: int, running: float | None) -> AnswersByName:
        """Return so many of the last minutes, and after them the one that has run for `running` seconds, if any."""
        rows = [*list(self._rows)[-minutes:], *([] if running is None else [self._row(running)])]
        found = {name: [(nan, 0.0)] * len(rows) for names, _ in rows for name in names}
        for minute, (names, figures) in enumerate(rows):
            for name, p99, rate in zip(names, figures[::2], figures[1::2], strict=True):
                found[name][minute] = p99, rate
        return found

    def _row(self, seconds: float) -> Answers:
        answers = {name: int(counts.sum()) for name, counts in list(self._counts.items())}
        names = tuple(sorted(sorted(answers, key=answers.__getitem__)[-MOST:]))
        figures = ((quantile(self._counts[name], 0.99), answers[name] / seconds) for name in names)
        return names, array("f", [figure for both in figures for figure in both])
