"""How far a run of scoring is: a bar on a terminal, a line now and then elsewhere; always on standard error."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.score.blocks import Tally

EVERY = 10.0


class Meter:
    """Watches one run. Use it in `with`."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._columns = (
            TextColumn("scoring"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*self._columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("scoring", total=None, state="")
        self._total: int | None = None
        self._said = self.started = time.monotonic()
        self.rows = 0
        """Rows scored by this run."""

    def __enter__(self) -> "Meter":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Rows a second in this run."""
        return self.rows / max(self.seconds, 1e-9)

    def begin(self, total: int | None, kept: Tally) -> None:
        """The input has `total` bytes (None: unknown); `kept` was scored by an earlier run."""
        self._total = total
        self._bar.update(self._task, total=total)
        if kept.rows:
            self._console.print(f"going on after {kept.rows:,} rows that are scored already")

    def scored(self, tally: Tally, done: int) -> None:
        """A part more is scored; `done` bytes of the input are read."""
        self.rows += tally.rows
        state = f"{self.rows:,} rows  {self.rate:,.0f} rows/s"
        self._bar.update(self._task, completed=done, state=state)
        if not self._console.is_terminal and time.monotonic() - self._said > EVERY:
            self._said = time.monotonic()
            self._console.print(f"{state}{self._left(done)}")

    def _left(self, done: int) -> str:
        if not self._total or not done:
            return ""
        return f"  {100 * done / self._total:.0f} %  {self.seconds * (self._total - done) / done:.0f} s left"
