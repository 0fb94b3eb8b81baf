"""How long a chunk takes, fitted to measurements at load, and the rows and steps that follow from it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cells import Array

ROWS = (1, 2, 4, 8, 16, 24, 32, 48)
STEPS = (1, 4, 8, 16, 24, 32, 48, 64)
PASSES = 4
MOST_STEPS = 1024
CLOSE = 1.05
"""Of row counts whose best chunks are this close to the best of all, the least is taken: reviews wait less long."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a chunk of B rows x T steps: `call + row B + (step + cell B) T`."""

    call: float
    row: float
    step: float
    cell: float

    def seconds(self, rows: int, steps: Array) -> Array:
        """The seconds of chunks of `rows` rows and so many `steps` each."""
        return self.call + self.row * rows + (self.step + self.cell * rows) * steps


class CostModel:
    """What chunks cost, and how they are best cut.

    `typical` is the number of words of a usual review and `longest` the most seconds that a chunk may take: a review
    that arrives waits for the chunk under way.
    """

    def __init__(self, cost: Cost, typical: float, longest: float) -> None:
        self._cost, self._longest = cost, longest
        self._curves: dict[int, Array] = {}
        a_word = [self._a_word(rows, typical) for rows in ROWS]
        self.rows, self.cell_seconds = next(
            (rows, seconds) for rows, seconds in zip(ROWS, a_word, strict=True) if seconds <= CLOSE * min(a_word)
        )
        """The rows of a full batch, and the seconds that one word takes in it, padding included."""

    def seconds(self, rows: int) -> Array:
        """The seconds of a chunk of `rows` rows and 1, 2, ... steps, as far as a chunk may go."""
        curve = self._curves.get(rows)
        if curve is None:
            every = self._cost.seconds(rows, np.arange(1, MOST_STEPS + 1))
            curve = self._curves[rows] = every[: max(1, int(np.searchsorted(every, self._longest, side="right")))]
        return curve

    def choose(self, left: NDArray[np.int64]) -> int:
        """The steps at which the most words a second are computed, for rows with `left [B]` words each.

        A row that ends within the chunk goes on as padding, so long chunks waste cells and short ones calls.
        """
        curve = self.seconds(len(left))
        most = len(curve)
        ending = np.bincount(np.minimum(left, most), minlength=most + 1)
        running = len(left) - np.cumsum(ending[:-1])
        return int(np.argmax(np.cumsum(running) / curve)) + 1

    def _a_word(self, rows: int, typical: float) -> float:
        """Seconds a word in chunks of the best length: a review wastes half of its last chunk, whatever its own."""
        curve = self.seconds(rows)
        steps = np.arange(1, len(curve) + 1)
        return float(np.min(curve / (rows * steps) * (1 + (steps - 1) / (2 * typical))))


def measure(run: Callable[[int, int], object], typical: float, longest: float) -> CostModel:
    """Time `run(rows, steps)` over a grid of chunks that take up to `longest` seconds, and fit the cost to it.

    The least of several passes counts: what else the machine does only ever makes a chunk slower.
    """
    found: dict[tuple[int, int], float] = {}
    for rows, steps in [*_grid(run, longest)] * PASSES:
        seconds = _timed(run, rows, steps)
        found[rows, steps] = min(seconds, found.get((rows, steps), seconds))
    return CostModel(fit(found), typical, longest)


def fit(found: dict[tuple[int, int], float]) -> Cost:
    """The cost with the least squares of relative error, no part of it negative, for seconds by (rows, steps)."""
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
    """Rows and steps of chunks up to the first that takes too long."""
    for rows in ROWS:
        for steps in STEPS:
            yield rows, steps
            if _timed(run, rows, steps) > longest:
                break


def _timed(run: Callable[[int, int], object], rows: int, steps: int) -> float:
    started = time.perf_counter()
    run(rows, steps)
    return time.perf_counter() - started
