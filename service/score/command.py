"""`gatescope score`."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.bundle.files import InvalidBundle
from service.score.blocks import Tally
from service.score.errors import DataError, UsageError
from service.score.inputs import PIPE
from service.score.progress import Meter
from service.score.run import Options, run

Engine = Literal["local", "ray"]
States = Literal["npz"]

USAGE, DATA, INTERRUPTED = 2, 3, 130


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="IN...", help="CSV, JSONL or Parquet files (also .gz, .zst), folders, globs, or - for a pipe"
        ),
    ],
    out: Annotated[str, typer.Option(help="file to write, in the format of its name, or - for a pipe")],
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="folder of bundles")] = Path(
        "repository"
    ),
    model: Annotated[str | None, typer.Option(help="model that scores; lstm where left out")] = None,
    version: Annotated[int | None, typer.Option(help="its version; the newest where left out")] = None,
    text_column: Annotated[str, typer.Option(help="column that holds the reviews")] = "text",
    format_: Annotated[str | None, typer.Option("--format", help="format of a pipe: csv, jsonl or parquet")] = None,
    prefix: Annotated[str, typer.Option(help="put before the names of the added columns")] = "",
    top_words: Annotated[int, typer.Option(min=0, help="add so many words that counted most; slower")] = 0,
    states: Annotated[
        States | None, typer.Option(help="write the hidden states of every row into the folder OUT.states")
    ] = None,
    max_words: Annotated[int, typer.Option(min=1, envvar="GATESCOPE_MAX_WORDS", help="words read of a review")] = 2048,
    workers: Annotated[int, typer.Option(min=0, help="worker processes; 0 is one a core")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="forget what an earlier run has scored")] = False,
    engine: Annotated[
        Engine, typer.Option(help="local, or ray: a cluster, which writes a folder of Parquet")
    ] = "local",
    remote: Annotated[str | None, typer.Option(metavar="URL", help="let a running service score")] = None,
    api_key: Annotated[str | None, typer.Option(envvar="GATESCOPE_API_KEY", help="key for --remote")] = None,
    json_: Annotated[bool, typer.Option("--json", help="say nothing but the result, as JSON")] = False,
) -> None:
    """Score files of any size. Killed and started again, it goes on where it was."""
    options = Options(
        tuple(inputs),
        out,
        repository,
        model,
        version,
        text_column,
        format_,
        prefix,
        top_words,
        max_words,
        workers,
        restart,
        engine,
        remote,
        api_key,
        states,
    )
    meter = Meter(quiet=json_)
    tally = _run(options, meter)
    if json_:
        typer.echo(json.dumps(_summary(tally, meter)), err=out == PIPE)
    else:
        typer.echo(_line(out, tally, meter), err=True)


def _run(options: Options, meter: Meter) -> Tally:
    """Score, or say why that can't be done and end with the exit code for it."""
    try:
        with meter:
            return run(options, meter)
    except UsageError as error:
        raise _ended(error, USAGE) from error
    except (DataError, InvalidBundle) as error:
        raise _ended(error, DATA) from error
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason = f"{place}{error.strerror or error}. What is scored is kept: run again to go on"
        raise _ended(reason, DATA) from error
    except KeyboardInterrupt as error:
        raise _ended("interrupted. What is scored is kept: run again to go on", INTERRUPTED) from error


def _ended(reason: object, code: int) -> typer.Exit:
    typer.echo(f"gatescope score: {reason}", err=True)
    return typer.Exit(code)


def _summary(tally: Tally, meter: Meter) -> dict[str, object]:
    return {
        "rows": tally.rows,
        "errors": tally.errors,
        "labels": tally.labels,
        "scored_now": meter.rows,
        "seconds": round(meter.seconds, 3),
        "rows_per_second": round(meter.rate, 1),
    }


def _line(out: str, tally: Tally, meter: Meter) -> str:
    labels = "".join(f"  {label} {count:,}" for label, count in sorted(tally.labels.items()))
    errors = f"  {tally.errors:,} without a label: see the column error" if tally.errors else ""
    return f"{out}  {tally.rows:,} rows{labels}{errors}  {meter.seconds:.1f} s  {meter.rate:,.0f} rows/s"
