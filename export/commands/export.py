"""The commands of the export stage: flags in, exit codes out."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from export.commands.exits import Exit
from export.publish.comparison import behaviour_table, table
from export.settings import ExportSettings
from export.training.config import TrainingError
from export.training.interrupt import two_stage
from models.network.equations import CELLS
from models.reviews.errors import DataError, UsageError

if TYPE_CHECKING:
    from export.run import Outcome


def export(
    data: Annotated[
        str | None, typer.Option(help="critics, critics-long, imdb, or CSV, JSON or Parquet: a file, folder or glob.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where imdb lies: folder or archive.")] = None,
    text_column: Annotated[str | None, typer.Option(help="The column of the text, in your data.")] = None,
    label_column: Annotated[str | None, typer.Option(help="The column of the label, in your data.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Rows of one group (a film) go to one split.")] = None,
    split_column: Annotated[
        str | None, typer.Option(help="The column that says train, validation (valid, val, dev) or test.")
    ] = None,
    validation: Annotated[
        str | None, typer.Option(help="Your own validation reviews, as --data; drawn from --data where not given.")
    ] = None,
    test: Annotated[
        str | None, typer.Option(help="Your own test reviews, as --data; drawn from --data where not given.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="The labels in index order, separated by commas (one with a comma in quotes), or a JSON list."
        ),
    ] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="How much a label counts: balanced, or label=weight,label=weight; else 1 each.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between the fields of CSV; found where not given.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of CSV and JSON, such as latin-1; found by a byte order mark, else UTF-8.")
    ] = None,
    strict: Annotated[
        bool | None, typer.Option("--strict", help="Refuse rows without text or label, which are skipped otherwise.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="The terms of your data, for the model card.")] = None,
    teacher: Annotated[
        str | None, typer.Option(help="An encoder that teaches: minilm, or a folder in Hugging Face format.")
    ] = None,
    repository: Annotated[Path | None, typer.Option(help="Where bundles are written: NAME/VERSION/.")] = None,
    cells: Annotated[str | None, typer.Option(help="rnn,lstm,gru or some of them.")] = None,
    name: Annotated[str | None, typer.Option(help="The model's name; its cell where not given.")] = None,
    if_missing: Annotated[
        bool | None, typer.Option("--if-missing", help="Leave models alone that have a version already.")
    ] = None,
    pooling: Annotated[
        str | None, typer.Option(help="last, mean, max, max||mean, or best: try all on validation.")
    ] = None,
    embedding_size: Annotated[int | None, typer.Option(help="Numbers in a word vector.")] = None,
    hidden_size: Annotated[int | None, typer.Option(help="Units in a recurrent layer.")] = None,
    layers: Annotated[int | None, typer.Option(help="Recurrent layers.")] = None,
    vocabulary_size: Annotated[int | None, typer.Option(help="Most words that a model knows.")] = None,
    min_count: Annotated[int | None, typer.Option(help="How often a word must stand in the training texts.")] = None,
    max_words: Annotated[int | None, typer.Option(help="Words of a review that training reads.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Most passes over the training reviews.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Reviews in a training step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The highest learning rate, 1 at most.")] = None,
    embedding_dropout: Annotated[float | None, typer.Option(help="Dropout of word vectors, 0 to 1.")] = None,
    head_dropout: Annotated[float | None, typer.Option(help="Dropout of pooled states, 0 to 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the splits and the training.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds for all the training.")] = None,
    resume: Annotated[bool | None, typer.Option("--resume", help="Go on from the last whole epoch.")] = None,
    abstain_accuracy: Annotated[
        float | None, typer.Option(help="How often answers must be right that are not called uncertain, 0 to 1.")
    ] = None,
    min_accuracy: Annotated[float | None, typer.Option(help="Exit with 5 below this accuracy on test, 0 to 1.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON, no progress.")] = False,
) -> None:
    """Train on reviews and write verified ONNX bundles into a repository."""
    given = {key: value for key, value in locals().items() if value is not None and key != "as_json"}
    settings = _settings(given)
    if not settings.cells_to_train():
        typer.echo("Every model has a version already; nothing to do.", err=True)
        return
    outcome = _run(settings, quiet=as_json)
    _print(outcome, as_json=as_json)
    if outcome.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    if settings.min_accuracy is not None and _worst(outcome) < settings.min_accuracy:
        typer.echo(f"accuracy {_worst(outcome):.4f} is below --min-accuracy {settings.min_accuracy}", err=True)
        raise typer.Exit(Exit.ACCURACY)


def _settings(given: dict[str, Any]) -> ExportSettings:
    """Return the settings, checked, and make sure that there is a repository to write to."""
    try:
        settings = ExportSettings(**given)
        settings.repository.mkdir(parents=True, exist_ok=True)
        return settings
    except OSError as error:
        typer.echo(f"--repository: {error.strerror}: {error.filename}", err=True)
        raise typer.Exit(Exit.USAGE) from error
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            typer.echo(_said(fault), err=True)
        raise typer.Exit(Exit.USAGE) from error


def _said(fault: ErrorDetails) -> str:
    """Return in a line which flag is wrong, why, and what was given; of several flags together only why."""
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return reason
    return f"--{str(fault['loc'][0]).replace('_', '-')}: {reason} (got {fault['input']!r})"


def _run(settings: ExportSettings, *, quiet: bool) -> "Outcome":
    from export.commands.show import Screen  # noqa: PLC0415
    from export.publish.verify import VerificationFailed  # noqa: PLC0415
    from export.run import run  # noqa: PLC0415 - loads torch, which a run with nothing to do need not wait for

    exits: dict[type[Exception], Exit] = {
        UsageError: Exit.USAGE,
        DataError: Exit.DATA,
        TrainingError: Exit.USAGE,
        VerificationFailed: Exit.VERIFICATION,
    }
    screen = Screen(quiet=quiet)
    try:
        with two_stage(screen.say) as stop:
            return run(settings, screen, stop)
    except tuple(exits) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exits[type(error)]) from error
    except KeyboardInterrupt as error:
        typer.echo("Interrupted; nothing was written of the model in training.", err=True)
        raise typer.Exit(Exit.INTERRUPTED) from error


def _print(outcome: "Outcome", *, as_json: bool) -> None:
    if as_json:
        comparison = outcome.comparison.model_dump() if outcome.comparison else None
        bundles = [str(folder) for folder in outcome.folders]
        typer.echo(json.dumps({"bundles": bundles, "comparison": comparison, "interrupted": outcome.interrupted}))
        return
    if outcome.comparison:
        console = Console(width=None if sys.stdout.isatty() else 140, markup=False)
        console.print(table(outcome.comparison))
        if (reading := behaviour_table(outcome.comparison)) is not None:
            console.print(reading)
    for folder in outcome.folders:
        typer.echo(f"wrote {folder}")


def _worst(outcome: "Outcome") -> float:
    """Return the lowest test accuracy among the new models."""
    entries = outcome.comparison.entries if outcome.comparison else ()
    return min((entry.metrics.accuracy for entry in entries if entry.kind in CELLS), default=0.0)
