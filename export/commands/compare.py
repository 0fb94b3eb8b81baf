"""`gatescope compare`: every model of a repository, and the linear models it was tested against, in one table."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from export.commands.exits import Exit
from export.publish.comparison import FILE, Comparison, behaviour_table, merge, table
from models.bundle.repository import model_names, versions


def compare(
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY")] = Path("repository"),
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
    for comparison in found:
        Console().print(table(comparison))
        if (reading := behaviour_table(comparison)) is not None:
            Console().print(reading)


def _stored(repository: Path) -> list[Comparison]:
    """The comparisons of the highest version of every model."""
    folders = [repository / name / str(versions(repository, name)[-1]) for name in model_names(repository)]
    files = [folder / FILE for folder in folders if (folder / FILE).is_file()]
    return [Comparison.model_validate_json(file.read_bytes()) for file in files]
