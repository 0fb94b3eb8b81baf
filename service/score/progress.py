"""How far a run of scoring is: a bar on a terminal, a line now and then elsewhere; always on standard error."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.score.blocks import Counts

EVERY = 10.0


class ScoringProgress:
    """Shows how far one run is. Use it in `with`."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False, markup=False)
        state = TextColumn("{task.fields[state]}")
        columns = (TextColumn("scoring"), BarColumn(), TaskProgressColumn(), state, TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("scoring", total=None, state="")
        self._total: int | None = None
        self._shown = self.started = time.monotonic()
        self.rows = 0
        """Rows scored by this run."""

    def __enter__(self) -> "ScoringProgress":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        """Rows a second in this run."""
        return self.rows / max(self.seconds, 1e-9)

    def left_out(self, names: Sequence[str]) -> None:
        """Say which files of a folder are not read."""
        if names:
            shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
            self._console.print(f"left out {len(names)} files, hidden, temporary or without rows: {shown}")

    def begin(self, total: int | None, kept: Counts) -> None:
        """Show a run over `total` bytes (None: unknown), of which an earlier one has scored `kept`."""
        self._total = total
        self._bar.update(self._task, total=total)
        if kept.rows:
            self._console.print(f"going on after {kept.rows:,} rows that are scored already")

    def scored(self, counts: Counts, done: int) -> None:
        """Show that one more part is scored, and `done` bytes of the input are read."""
        self.rows += counts.rows
        state = f"{self.rows:,} rows  {self.rate:,.0f} rows/s"
        self._bar.update(self._task, completed=done, state=state)
        if not self._console.is_terminal and time.monotonic() - self._shown > EVERY:
            self._shown = time.monotonic()
            self._console.print(f"{state}{self._left(done)}")

    def warn(self, text: str) -> None:
        """Say what is not as it should be while the run goes on, also where nothing else is said."""
        Console(stderr=True, highlight=False).print(f"gatescope score: {text}", markup=False, soft_wrap=True)

    def _left(self, done: int) -> str:
        if not self._total or not done:
            return ""
        return f"  {100 * done / self._total:.0f} %  {self.seconds * (self._total - done) / done:.0f} s left"
