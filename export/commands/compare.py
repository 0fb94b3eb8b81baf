"""`gatescope compare`: every model of a repository, and the linear models it was tested against, in one table."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from export.commands.exits import Exit
from export.publish.comparison import FILE, Comparison, behaviour_table, merge, modifiers_table, table
from models.bundle.files import InvalidBundle
from models.bundle.repository import model_names
from models.bundle.select import open_model


def compare(
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="Folder of bundles.")] = Path(
        "repository"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare every model of a repository with the linear models on the reviews that both were tested on."""
    found = merge(_stored(repository))
    if not found:
        typer.echo(f"{repository}: no bundle with a {FILE}", err=True)
        raise typer.Exit(Exit.DATA)
    if as_json:
        typer.echo(json.dumps([comparison.model_dump() for comparison in found], indent=1))
        return
    console = Console(markup=False)
    for comparison in found:
        console.print(table(comparison))
        for reading in (behaviour_table(comparison), modifiers_table(comparison)):
            if reading is not None:
                console.print(reading)


def _stored(repository: Path) -> list[Comparison]:
    """Read the comparison of the newest valid version of every model, and say which versions are not valid."""
    found = []
    for name in model_names(repository):
        try:
            model = open_model(repository, lambda bundle: bundle.folder / FILE, name=name)
        except InvalidBundle as error:
            typer.echo(f"gatescope compare: {error}", err=True)
            continue
        for warning in model.warnings:
            typer.echo(f"gatescope compare: {warning}", err=True)
        if model.newest.is_file():
            found.append(Comparison.model_validate_json(model.newest.read_bytes()))
    return found
