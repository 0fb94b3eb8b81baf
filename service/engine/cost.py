"""How long a chunk takes, measured at load, and the rows and steps that follow from it."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.cells import Array

ROWS = (1, 2, 4, 8, 16, 24, 32, 48)
STEPS = (1, 4, 8, 16, 24, 32, 48, 64)
PASSES = 5
CLOSE = 1.02
"""Of row counts whose best chunks are this close, the least is taken: fewer reviews are held up by each other."""


class CostModel:
    """Seconds of a chunk of `rows` x `steps`: measured on a grid, `seconds [rows, steps]`, straight lines in between.

    `typical` is the number of words of a usual review and `longest` the most seconds that a chunk may take: a review
    that arrives waits for the chunk under way.
    """

    def __init__(self, rows: Array, steps: Array, seconds: Array, typical: float, longest: float) -> None:
        self._rows, self._steps, self._seconds = rows, steps, seconds
        self._longest = longest
        self._curves: dict[int, Array] = {}
        self.rows, self.cell_seconds = self._best(typical)
        """The rows of a full batch, and the seconds that one word takes in it, padding included."""

    def seconds(self, rows: int) -> Array:
        """The seconds of a chunk of `rows` rows and 1, 2, ... steps, as far as a chunk may go."""
        curve = self._curves.get(rows)
        if curve is None:
            curve = self._curves[rows] = self._curve(rows)
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

    def _curve(self, rows: int) -> Array:
        """Interpolated over rows, then over steps; past the grid the last slope goes on."""
        clipped = min(rows, int(self._rows[-1]))
        at_rows = np.array([np.interp(clipped, self._rows, column) for column in self._seconds.T]) * (rows / clipped)
        slope = (at_rows[-1] - at_rows[-2]) / (self._steps[-1] - self._steps[-2])
        steps = np.arange(1, 1 + int(self._steps[-1]) * 8)
        beyond = np.maximum(steps - self._steps[-1], 0) * slope
        curve = np.maximum.accumulate(np.interp(steps, self._steps, at_rows) + beyond)
        return np.asarray(curve[: max(1, int(np.searchsorted(curve, self._longest, side="right")))])

    def _best(self, typical: float) -> tuple[int, float]:
        """A review of `typical` words wastes half of its last chunk, whatever its length."""
        a_word = []
        for rows in map(int, self._rows):
            curve = self.seconds(rows)
            steps = np.arange(1, len(curve) + 1)
            a_word.append(float(np.min(curve / (rows * steps) * (1 + (steps - 1) / (2 * typical)))))
        least = min(a_word)
        return next((int(rows), s) for rows, s in zip(self._rows, a_word, strict=True) if s <= CLOSE * least)


def measure(run: Callable[[int, int], object], typical: float, longest: float) -> CostModel:
    """Time `run(rows, steps)` over the grid; chunks that nobody will run are estimated.

    The least of several passes counts: what else the machine does only ever makes a chunk slower.
    """
    seconds = np.full((len(ROWS), len(STEPS)), np.inf)
    for _ in range(PASSES):
        for line, rows in enumerate(ROWS):
            for column, steps in enumerate(STEPS):
                guess = _guess(seconds, line, column)
                found = guess if guess > longest else _timed(run, rows, steps)
                seconds[line, column] = min(seconds[line, column], found)
    return CostModel(np.array(ROWS), np.array(STEPS), seconds, typical, longest)


def _guess(seconds: Array, line: int, column: int) -> float:
    """In proportion to the next smaller chunk; nothing for the smallest."""
    if column:
        return float(seconds[line, column - 1]) * STEPS[column] / STEPS[column - 1]
    return float(seconds[line - 1, 0]) * ROWS[line] / ROWS[line - 1] if line else 0.0


def _timed(run: Callable[[int, int], object], rows: int, steps: int) -> float:
    started = time.perf_counter()
    run(rows, steps)
    return time.perf_counter() - started
