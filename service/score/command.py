"""`gatescope score`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.exits import Interrupted
from models.flags import flags_of_options, with_flags
from models.reviews.errors import DataError
from models.reviews.file_format import PIPE
from service.score.options import Options
from service.settings import read_settings

if TYPE_CHECKING:
    from service.score.blocks import Counts
    from service.score.progress import ScoringProgress


@with_flags(flags_of_options(Options))
def score(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="the result alone, as JSON")] = False,
    **flags: Any,
) -> None:
    """Score files of any size. Killed and started again, it goes on where it was."""
    from service.score.progress import ScoringProgress  # noqa: PLC0415
    from service.score.run import run  # noqa: PLC0415 - loads the runtime, which help need not wait for

    asked, progress = Options(**flags), ScoringProgress(quiet=as_json)
    with _what_is_kept_said():
        settings = read_settings(
            repository=asked.repository, max_words=asked.max_words, max_text_bytes=asked.max_text_bytes
        )
        options = replace(asked, default_model=settings.default_model)
        with progress:
            counts = run(options, progress)
    if as_json:
        typer.echo(json.dumps(_summary(counts, progress)), err=options.out == PIPE)
    else:
        typer.echo(_line(options.out, counts, progress), err=True)
    if counts.rows and counts.errors == counts.rows:
        raise DataError("no row could be scored: see the column error")


@contextmanager
def _what_is_kept_said() -> Iterator[None]:
    """Say what an end before the end leaves: whatever was scored. Whoever has read enough of a pipe ends it quietly."""
    try:
        yield
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise DataError(f"{place}{error.strerror or error}. What is scored is kept: run again to go on") from error
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted. What is scored is kept: run again to go on") from error


def _summary(counts: "Counts", progress: "ScoringProgress") -> dict[str, object]:
    return {
        "rows": counts.rows,
        "errors": counts.errors,
        "labels": counts.labels,
        "scored_now": progress.rows,
        "seconds": round(progress.seconds, 3),
        "rows_per_second": round(progress.rate, 1),
    }


def _line(out: str, counts: "Counts", progress: "ScoringProgress") -> str:
    labels = "".join(f"  {label} {count:,}" for label, count in sorted(counts.labels.items()))
    errors = f"  {counts.errors:,} without a label: see the column error" if counts.errors else ""
    return f"{out}  {counts.rows:,} rows{labels}{errors}  {progress.seconds:.1f} s  {progress.rate:,.0f} rows/s"
