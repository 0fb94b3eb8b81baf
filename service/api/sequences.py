"""Texts that come in several requests of one sequence: where each stands, between two of its requests."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from service.errors import Category, Overloaded, ServiceError
from service.settings import Settings

RETRY_AFTER = 10
"""Seconds: a sequence may end at any moment, or never."""


class UnknownSequence(
    ServiceError, kind="unknown-sequence", title="There is no such sequence", category=Category.INVALID
):
    """A sequence that has not started, has ended, or of which nothing came for too long."""


class SequenceBusy(ServiceError, kind="sequence-busy", title="The sequence is being read", category=Category.CONFLICT):
    """A request of a sequence whose request before is not answered yet."""


@dataclass(slots=True)
class _Sequence:
    state: str | None
    used: float
    busy: bool = True


class Sequences:
    """The state of every open sequence by its key; one of which nothing comes for `stream_idle_seconds` is gone.

    There is one of these in a service, so that any worker process may read any part.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = monotonic) -> None:
        self._most, self._idle, self._now = settings.max_typed_texts, settings.stream_idle_seconds, now
        self._open: dict[str, _Sequence] = {}

    def __len__(self) -> int:
        """Return how many sequences are open."""
        return sum(self._now() - sequence.used <= self._idle for sequence in list(self._open.values()))

    def take(self, key: str, *, start: bool) -> str | None:
        """Return where a sequence stands, None at its `start`, and hold it until it is put back.

        Raises `UnknownSequence`, `SequenceBusy`, and `Overloaded` where no more may be open.
        """
        self._forget_idle()
        found = self._open.get(key)
        if found is not None and found.busy:
            raise SequenceBusy("parameters.sequence_id: the request before is not answered yet")
        if found is None and not start:
            raise UnknownSequence("parameters.sequence_id: no such sequence is open; begin it with sequence_start")
        if found is None and len(self._open) >= self._most:
            detail = f"{len(self._open)} sequences are open; try again in {RETRY_AFTER} s"
            raise Overloaded(detail, retry_after=RETRY_AFTER)
        state = None if found is None or start else found.state
        self._use(key, _Sequence(state, self._now()))
        return state

    def put(self, key: str, state: str | None) -> None:
        """Put back where a sequence stands; None ends it."""
        if state is None:
            self._open.pop(key, None)
        elif key in self._open:
            self._use(key, _Sequence(state, self._now(), busy=False))

    def _use(self, key: str, sequence: _Sequence) -> None:
        """Have the sequence that was used last stand last."""
        self._open.pop(key, None)
        self._open[key] = sequence

    def _forget_idle(self) -> None:
        while self._open:
            oldest = next(iter(self._open))
            if self._now() - self._open[oldest].used <= self._idle:
                return
            del self._open[oldest]
