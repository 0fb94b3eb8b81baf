"""`gatescope compare`: every model of a repository, and the linear models it was tested against, in one table."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from models.flags import REPOSITORY, Repository
from models.reviews.errors import DataError, UsageError


def compare(
    repository: Repository = REPOSITORY,
    memory: Annotated[
        bool, typer.Option("--memory", help="measure how far back each model remembers, beside another pooling")
    ] = False,
    figure: Annotated[Path | None, typer.Option(help="with --memory: an SVG to write; none where not given")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """Compare every model of a repository with the linear models on the reviews that both were tested on."""
    if figure is not None and not memory:
        raise UsageError("--figure draws what --memory measures: give both")
    if memory:
        _memory(repository, figure, as_json=as_json)
    else:
        _comparison(repository, as_json=as_json)


def _comparison(repository: Path, *, as_json: bool) -> None:
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


def _memory(repository: Path, figure: Path | None, *, as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from export.commands.show import Screen  # noqa: PLC0415
    from export.memory.experiment import measure_memory  # noqa: PLC0415
    from export.memory.networks import networks_of  # noqa: PLC0415
    from export.memory.shown import memory_figure, memory_table  # noqa: PLC0415
    from export.memory.texts import material  # noqa: PLC0415

    screen = Screen(quiet=as_json)
    networks, splits = networks_of(repository, screen)
    given = material(splits)
    with screen.step("ask the networks"):
        found = [measure_memory(network, given) for network in networks]
    if figure is not None:
        figure.write_text(memory_figure(found), "utf-8")
    if as_json:
        typer.echo(json.dumps([one.model_dump() for one in found], indent=1))
    else:
        Console(width=None if sys.stdout.isatty() else 140, markup=False).print(memory_table(found))
