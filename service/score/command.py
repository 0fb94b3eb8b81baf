"""`gatescope score`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.exits import Interrupted
from models.reviews.errors import DataError
from models.reviews.file_format import PIPE
from models.reviews.records import MAX_ROW_BYTES, ReadOptions
from service.score.options import MAX_TEXT_BYTES, MAX_WORDS, Engine, Options, States
from service.settings import read_settings

if TYPE_CHECKING:
    from service.score.blocks import Counts
    from service.score.progress import ScoringProgress


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...", help="CSV, JSON or Parquet files (also .gz, .zst), folders, globs, or - for a pipe"
        ),
    ],
    out: Annotated[str, typer.Option(help="file to write, in the format of its name, or - for a pipe")],
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="folder of bundles")] = Path(
        "repository"
    ),
    model: Annotated[str | None, typer.Option(help="model that scores; the default one where left out")] = None,
    version: Annotated[int | None, typer.Option(help="its version; the newest valid one where left out")] = None,
    text_column: Annotated[str, typer.Option(help="column that holds the reviews")] = "text",
    format_: Annotated[
        str | None,
        typer.Option("--format", help="format of a pipe: csv, jsonl, json, parquet; by name where left out"),
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="between the fields of CSV; found where left out")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="of CSV and JSON, such as latin-1; found by a byte order mark, else UTF-8")
    ] = None,
    max_row_bytes: Annotated[int, typer.Option(min=1, help="longest row of CSV or JSON")] = MAX_ROW_BYTES,
    prefix: Annotated[str, typer.Option(help="put before the names of the added columns; nothing where left out")] = "",
    top_words: Annotated[int, typer.Option(min=0, help="add so many words that counted most; slower")] = 0,
    states: Annotated[
        States | None, typer.Option(help="write the hidden states of every row into OUT.states; not where left out")
    ] = None,
    max_words: Annotated[
        int, typer.Option(min=1, envvar="GATESCOPE_MAX_WORDS", help="words read of a review")
    ] = MAX_WORDS,
    max_text_bytes: Annotated[
        int, typer.Option(min=1, envvar="GATESCOPE_MAX_TEXT_BYTES", help="largest text; a larger one gets no label")
    ] = MAX_TEXT_BYTES,
    workers: Annotated[int, typer.Option(min=0, help="worker processes; 0 is one a core")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="forget what an earlier run has scored")] = False,
    engine: Annotated[
        Engine, typer.Option(help="local, or ray: a cluster, which writes a folder of Parquet")
    ] = "local",
    remote: Annotated[str | None, typer.Option(metavar="URL", help="service that scores; none where left out")] = None,
    api_key: Annotated[
        str | None, typer.Option(envvar="GATESCOPE_API_KEY", help="its key; none where left out")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="say nothing but the result, as JSON")] = False,
) -> None:
    """Score files of any size. Killed and started again, it goes on where it was."""
    from service.score.progress import ScoringProgress  # noqa: PLC0415
    from service.score.run import run  # noqa: PLC0415 - loads the runtime, which help need not wait for

    progress = ScoringProgress(quiet=json_)
    with _what_is_kept_said():
        settings = read_settings(repository=repository, max_words=max_words, max_text_bytes=max_text_bytes)
        options = Options(
            inputs=tuple(inputs),
            out=out,
            repository=repository,
            model=model,
            version=version,
            text_column=text_column,
            format=format_,
            read=ReadOptions.of(delimiter, encoding, max_row_bytes),
            prefix=prefix,
            top_words=top_words,
            max_words=max_words,
            max_text_bytes=max_text_bytes,
            workers=workers,
            restart=restart,
            engine=engine,
            remote=remote,
            api_key=api_key,
            states=states,
            default_model=settings.default_model,
        )
        with progress:
            counts = run(options, progress)
    if json_:
        typer.echo(json.dumps(_summary(counts, progress)), err=out == PIPE)
    else:
        typer.echo(_line(out, counts, progress), err=True)
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
