"""Ctrl-C while training: the first asks to stop and keep the best epoch, the second ends at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def two_stage(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """Have the first interrupt within the block only make the yielded function true; the second raises as usual."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.default_int_handler(number, frame)
        asked = True
        say("Stopping: the best epoch so far is exported. Press Ctrl-C again to end at once and write nothing.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
