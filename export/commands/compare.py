"""`gatescope compare`: every model of a repository, and the linear models it was tested against, in one table."""

import json
from typing import Annotated

import typer

from models.flags import REPOSITORY, Repository
from models.reviews.errors import DataError


def compare(
    repository: Repository = REPOSITORY,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """Compare every model of a repository with the linear models on the reviews that both were tested on."""
    from rich.console import Console  # noqa: PLC0415

    from export.publish.comparison import (  # noqa: PLC0415
        FILE,
        behaviour_table,
        merge,
        modifiers_table,
        stored,
        table,
    )

    comparisons, warnings = stored(repository)
    for warning in warnings:
        typer.echo(f"gatescope compare: {warning}", err=True)
    found = merge(comparisons)
    if not found:
        raise DataError(f"{repository}: no bundle with a {FILE}")
    if as_json:
        typer.echo(json.dumps([comparison.model_dump() for comparison in found], indent=1))
        return
    console = Console(markup=False)
    for comparison in found:
        console.print(table(comparison))
        for reading in (behaviour_table(comparison), modifiers_table(comparison)):
            if reading is not None:
                console.print(reading)
