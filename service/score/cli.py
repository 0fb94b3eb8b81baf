"""`gatescope score`: its options. What it does is loaded once the workers are on their way."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from service.score.options import Options
from service.score.processes import load_early

Engine = Literal["local", "ray"]
States = Literal["npz"]


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
    if engine == "local" and workers != 1:
        load_early()
    from service.score.command import command  # noqa: PLC0415 - takes as long as what the workers load

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
    command(options, as_json=json_)
