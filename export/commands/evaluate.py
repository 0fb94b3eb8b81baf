"""`gatescope evaluate`: any model of a repository on any labelled file, and on the test of behaviour."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.exits import Exit
from models.flags import REPOSITORY, Delimiter, Encoding, LabelColumn, Repository, TextColumn, Version
from models.reviews.errors import UsageError

if TYPE_CHECKING:
    from export.publish.evaluation import Evaluation


def evaluate(
    file: Annotated[Path | None, typer.Argument(help="labelled reviews; none where not given")] = None,
    model: Annotated[str, typer.Option(help="the model's name in the repository")] = "lstm",
    version: Version = None,
    repository: Repository = REPOSITORY,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    with_behaviour: Annotated[
        bool, typer.Option("--behaviour", help="what it reads: test sentences by capability, and what modifiers do")
    ] = False,
    mistakes: Annotated[int, typer.Option(min=0, help="how many of the worst mistakes to show")] = 10,
    min_accuracy: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="exit with 5 below this accuracy, 0 to 1; never where not given"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of tables")] = False,
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
