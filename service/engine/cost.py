"""How long a chunk takes, fitted to measurements at load, and the rows and steps that follow from it."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

ROWS = (1, 2, 4, 8, 16, 24, 32, 48)
STEPS = (1, 4, 8, 16, 24, 32, 48, 64)
PASSES = 4
MAX_STEPS = 1024
CLOSE = 1.05
"""The fewest rows are taken whose best chunks cost at most so many times the least: reviews wait less long."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a chunk of B rows x T steps: `call + row B + (step + token B) T`."""

    call: float
    row: float
    step: float
    token: float

    def line(self, rows: int) -> tuple[float, float]:
        """Return the seconds of a chunk of `rows` rows and no steps, and of every step more."""
        return self.call + self.row * rows, self.step + self.token * rows

    def seconds(self, rows: int, steps: int) -> float:
        """Return the seconds of a chunk."""
        fixed, step = self.line(rows)
        return fixed + step * steps


class CostModel:
    """What chunks cost, and how they are best cut.

    `typical` is the number of words of a usual review and `longest` the most seconds that a chunk may take: a review
    that arrives waits for the chunk under way. `pads`: a row that has ended costs as much as one that goes on.
    """

    def __init__(self, cost: Cost, typical: float, longest: float, *, pads: bool) -> None:
        self._cost, self._longest, self._pads = cost, longest, pads
        a_word = [self._a_word(rows, typical) for rows in ROWS]
        self.rows, self.token_seconds = next(
            (rows, seconds) for rows, seconds in zip(ROWS, a_word, strict=True) if seconds <= CLOSE * min(a_word)
        )
        """The rows of a full batch, and the seconds that one word takes in it, padding included."""

    def max_steps(self, rows: int) -> int:
        """Return the steps of the longest chunk of `rows` rows; one step always is."""
        fixed, step = self._cost.line(rows)
        return max(1, int(min(MAX_STEPS, (self._longest - fixed) / step))) if step else MAX_STEPS

    def choose(self, left: Sequence[int]) -> tuple[int, float]:
        """Return the steps of a chunk of rows with so many words left each, and the seconds that it is to take."""
        return self._most_words_a_second(left) if self._pads else self._as_long_as_allowed(left)

    def _as_long_as_allowed(self, left: Sequence[int]) -> tuple[int, float]:
        """Return as many steps as are allowed, one at least: without padding a longer chunk only saves calls."""
        seconds, _ = self._cost.line(len(left))
        steps = 0
        for running, words_left in zip(range(len(left), 0, -1), sorted(left), strict=True):
            step = self._cost.step + self._cost.token * running
            more = min(words_left - steps, int((self._longest - seconds) / step) if step else MAX_STEPS)
            more = max(more, 0 if steps else 1)
            steps, seconds = steps + more, seconds + more * step
            if steps < words_left:
                break
        return steps, seconds

    def _most_words_a_second(self, left: Sequence[int]) -> tuple[int, float]:
        """Return the steps at which the most words a second are computed.

        A row that ends within the chunk goes on as padding, so long chunks waste tokens and short ones calls. Between
        two ends words a second only rise or only fall, so the best chunk ends with a row, or is the longest.
        """
        fixed, step = self._cost.line(len(left))
        most = self.max_steps(len(left))
        best, best_rate, words, before = 1, 0.0, 0, 0
        for running, words_left in zip(range(len(left), 0, -1), sorted(left), strict=True):
            end = min(words_left, most)
            words += running * (end - before)
            rate = words / (fixed + step * end)
            if rate > best_rate:
                best, best_rate = end, rate
            if end == most:
                break
            before = end
        return best, fixed + step * best

    def _a_word(self, rows: int, typical: float) -> float:
        """Return seconds a word in chunks of the best length: where rows are padded, each wastes half of its last."""
        fixed, step = self._cost.line(rows)
        steps = np.arange(1, self.max_steps(rows) + 1)
        wasted = (steps - 1) / (2 * typical) if self._pads else np.maximum(steps / typical - 1, 0)
        return float(np.min((fixed + step * steps) / (rows * steps) * (1 + wasted)))


def measure(run: Callable[[int, int], object], typical: float, longest: float, *, pads: bool) -> CostModel:
    """Time `run(rows, steps)` over a grid of chunks that take up to `longest` seconds, and fit the cost to it.

    The least of several passes counts: what else the machine does only ever makes a chunk slower.
    """
    found: dict[tuple[int, int], float] = {}
    for rows, steps in [*_grid(run, longest)] * PASSES:
        seconds = _timed(run, rows, steps)
        found[rows, steps] = min(seconds, found.get((rows, steps), seconds))
    return CostModel(fit(found), typical, longest, pads=pads)


def fit(found: dict[tuple[int, int], float]) -> Cost:
    """Return the cost with the least squares of relative error, no part negative, for seconds by (rows, steps)."""
    seconds = np.array([*found.values()])
    rows, steps = np.array([*found]).T
    parts = np.stack([np.ones_like(rows), rows, steps, rows * steps], axis=1) / seconds[:, None]
    used = [0, 1, 2, 3]
    while True:
        solved = np.linalg.lstsq(parts[:, used], np.ones(len(seconds)))[0]
        if solved.min() >= 0:
            break
        used.pop(int(solved.argmin()))
    cost = np.zeros(4)
    cost[used] = solved
    return Cost(*cost.tolist())


def _grid(run: Callable[[int, int], object], longest: float) -> Iterator[tuple[int, int]]:
    """Yield rows and steps of chunks up to the first that takes too long."""
    for rows in ROWS:
        for steps in STEPS:
            yield rows, steps
            if _timed(run, rows, steps) > longest:
                break


def _timed(run: Callable[[int, int], object], rows: int, steps: int) -> float:
    started = time.perf_counter()
    run(rows, steps)
    return time.perf_counter() - started
