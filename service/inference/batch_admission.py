"""How many batches are worked on at once: as many as come to their end in time, all others are refused at once."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic

from service.engine import Engine, Model
from service.engine.engine import BYTES_A_WORD
from service.errors import Overloaded

SHARE = 0.5
"""Of the time until a batch's deadline: predicted work that may be under way with it, since predictions go before."""


class BatchAdmission:
    """Adds up the predicted seconds of the batches that one process works on."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._seconds = engine, 0.0

    @contextmanager
    def admit(self, models: Iterable[Model], size: int, deadline: float) -> Iterator[None]:
        """Work on a batch of `size` bytes inside `with`, as the slowest of `models` would.

        Raises `Overloaded` where it would not be done by `deadline`, of `time.monotonic`; one alone is always admitted.
        """
        tokens = size // BYTES_A_WORD
        seconds = max((model.seconds(tokens) for model in models), default=0.0) / self._engine.concurrency
        if self._seconds and self._seconds + seconds > SHARE * (deadline - monotonic()):
            after = max(1, math.ceil(self._seconds))
            raise Overloaded(
                f"batches of {self._seconds:.0f} s are under way; try again in {after} s", retry_after=after
            )
        self._seconds += seconds
        try:
            yield
        finally:
            self._seconds -= seconds
