"""What `gatescope export` says while it works: bars on a terminal, plain lines elsewhere, nothing with `--json`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from export.training.config import TrainingProgress

Report = Callable[[TrainingProgress], None]
"""Called after every batch of a training."""


class Screen:
    """Where progress goes: a console on standard error, or nowhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False, markup=False)

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(text, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say what is done, within the block, and at its end how long it took."""
        started = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(Text(text)):
                yield
        else:
            yield
        self.say(f"{text}  {time.monotonic() - started:.1f} s")

    @contextmanager
    def training(self, name: str) -> Iterator[Report]:
        """Show the progress of one training."""
        if not self.console.is_terminal:
            yield _EpochLines(self, name)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}"),
        )
        with Progress(*columns, console=self.console) as bar:
            task = bar.add_task(f"train {name}", total=1.0, state="")
            yield lambda now: bar.update(task, completed=now.share, state=_state(now))

    def downloading(self, done: int, total: int) -> None:
        """Show the progress of a download, in bytes."""
        if self.console.is_terminal:
            self.console.print(f"\r{done / 1e6:.0f} of {total / 1e6:.0f} MB", end="")


class _EpochLines:
    """One plain line an epoch."""

    def __init__(self, screen: Screen, name: str) -> None:
        self.screen, self.name, self.epoch = screen, name, 0

    def __call__(self, now: TrainingProgress) -> None:
        if now.epoch != self.epoch:
            self.epoch = now.epoch
            self.screen.say(f"train {self.name}  epoch {now.epoch}/{now.epochs}  {_state(now)}")


def _state(now: TrainingProgress) -> str:
    accuracy = "" if now.validation_accuracy is None else f"  validation {100 * now.validation_accuracy:.1f} %"
    return f"loss {now.loss:.3f}{accuracy}  {now.seconds_left:.0f} s left"
