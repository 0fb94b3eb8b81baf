"""How many batches are worked on: as many as come to their end in time, all others are refused at once.

Those that are admitted take turns, so that they end one after another: where all are begun together, all end late.
"""

import asyncio
import math
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from time import monotonic

from service.engine import Engine, Model
from service.engine.engine import BYTES_A_WORD
from service.errors import Overloaded
from service.inference.map_bounded import WINDOW

SHARE = 0.5
"""Of the time until a batch's deadline: predicted work that may be under way with it, since predictions go before."""


TURNS = 4
"""Long batches that are computed at once: enough to keep every core busy to the last row of each."""
SHORT = WINDOW
"""Rows of a batch that needs no turn."""


class BatchAdmission:
    """Adds up the predicted seconds of the batches that one process works on."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._seconds = engine, 0.0
        self._turns = asyncio.Semaphore(TURNS)

    def check(self, models: Iterable[Model], size: int, deadline: float) -> float:
        """Return the seconds that a batch of `size` bytes takes, as the slowest of `models` would work on it.

        Raises `Overloaded` where it would not be done by `deadline`, of `time.monotonic`; one alone always would.
        """
        tokens = size // BYTES_A_WORD
        seconds = max((model.seconds(tokens) for model in models), default=0.0) / self._engine.concurrency
        if self._seconds and self._seconds + seconds > SHARE * (deadline - monotonic()):
            after = max(1, math.ceil(self._seconds))
            raise Overloaded(
                f"batches of {self._seconds:.0f} s are under way; try again in {after} s", retry_after=after
            )
        return seconds

    @contextmanager
    def admit(self, models: Iterable[Model], size: int, deadline: float) -> Iterator[None]:
        """Work on a batch of `size` bytes inside `with`. Raises what `check` raises."""
        seconds = self.check(models, size, deadline)
        self._seconds += seconds
        try:
            yield
        finally:
            self._seconds -= seconds

    def turn(self, rows: int) -> AbstractAsyncContextManager[None]:
        """Wait in `async with` for the turn of a batch of so many rows."""
        return self._turns if rows > SHORT else nullcontext()
