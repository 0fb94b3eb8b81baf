"""`gatescope evaluate`: any model of a repository on any labelled file, and on the test of behaviour."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.exits import Exit
from models.reviews.errors import UsageError

if TYPE_CHECKING:
    from export.publish.evaluation import Evaluation


def evaluate(
    file: Annotated[Path | None, typer.Argument(help="Labelled reviews; none where not given.")] = None,
    model: Annotated[str, typer.Option(help="The model's name in the repository.")] = "lstm",
    version: Annotated[int | None, typer.Option(help="Its version; the newest valid one where not given.")] = None,
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="Folder of bundles.")] = Path(
        "repository"
    ),
    text_column: Annotated[str, typer.Option(help="The column of the text.")] = "text",
    label_column: Annotated[str, typer.Option(help="The column of the label.")] = "label",
    delimiter: Annotated[str | None, typer.Option(help="Between the fields of CSV; found where not given.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of CSV and JSON, such as latin-1; found where not given.")
    ] = None,
    with_behaviour: Annotated[
        bool, typer.Option("--behaviour", help="What it reads: test sentences by capability, and what modifiers do.")
    ] = False,
    mistakes: Annotated[int, typer.Option(min=0, help="How many of the worst mistakes to show.")] = 10,
    min_accuracy: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Exit with 5 below this accuracy, 0 to 1; never where not given."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure a model on labelled reviews, on the test of behaviour, or on both."""
    from export.data.tables import Columns  # noqa: PLC0415
    from export.publish.model_evaluation import Wanted, evaluate_model  # noqa: PLC0415
    from models.bundle.select import open_model  # noqa: PLC0415
    from models.reviews.records import ReadOptions  # noqa: PLC0415

    if file is None and not with_behaviour:
        raise UsageError("name a file of labelled reviews, or ask for --behaviour")
    columns = Columns(text_column, label_column, read=ReadOptions.of(delimiter, encoding))
    found = open_model(repository, lambda bundle: bundle, name=model, version=version)
    for warning in found.warnings:
        _say(warning)
    _say(f"{found.newest.manifest.name}, version {found.newest.manifest.version}")
    measured, skipped = evaluate_model(found.newest, Wanted(file, columns, with_behaviour, mistakes))
    if skipped:
        _say(f"skipped {len(skipped):,} rows, the first: {skipped[0]}")
    _print(measured, as_json=as_json)
    if measured.reviews and min_accuracy is not None and measured.reviews.metrics.accuracy < min_accuracy:
        _say(f"accuracy {measured.reviews.metrics.accuracy:.4f} is below --min-accuracy {min_accuracy}")
        raise typer.Exit(Exit.ACCURACY)


def _say(text: str) -> None:
    typer.echo(f"gatescope evaluate: {text}", err=True)


def _print(evaluation: "Evaluation", *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from export.publish.evaluation import tables  # noqa: PLC0415

    if as_json:
        typer.echo(evaluation.model_dump_json(indent=1))
        return
    console = Console(width=None if sys.stdout.isatty() else 140, markup=False)
    for table in tables(evaluation):
        console.print(table)
