"""`gatescope check-data`: what a file of reviews holds, and what a training would do with it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from export.settings import flags_of, read_settings
from models.exits import Exit
from models.flags import given, with_flags

FLAGS = (
    "data_dir",
    "text_column",
    "label_column",
    "group_column",
    "split_column",
    "validation",
    "test",
    "labels",
    "class_weight",
    "delimiter",
    "encoding",
    "strict",
    "cells",
    "vocabulary_size",
    "min_count",
    "max_words",
    "epochs",
    "batch_size",
    "seed",
)
"""The settings of an export that say how reviews are read, divided and learnt from."""


@with_flags(flags_of(FLAGS))
def check_data(
    file: Annotated[str, typer.Argument(help="the reviews, as data of an export: file, folder, glob or critics")],
    *,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures; none where not given")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
    **flags: Any,
) -> None:
    """Say what a file of reviews holds, and what a training would do with it; exit with 3 where it would be refused."""
    from export.inputs import reviews_of  # noqa: PLC0415
    from export.survey import survey  # noqa: PLC0415

    settings = read_settings(data=file, **given(flags))
    found = survey(reviews_of(settings), settings)
    if html is not None:
        from export.publish.survey_page import page  # noqa: PLC0415

        html.write_text(page(found), "utf-8")
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _print(found)
    if found.refused:
        raise typer.Exit(Exit.DATA)


def _print(found: Any) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from export.publish.survey_tables import facts  # noqa: PLC0415

    console, drawn = Console(markup=False, highlight=False), Table(show_header=False, box=None, padding=(0, 2))
    for name, value in facts(found):
        drawn.add_row(name, value)
    console.print(drawn)
    for remark in found.remarks:
        console.print(f"! {remark}", soft_wrap=True)
    console.print(
        f"A training would be refused: {found.refused}" if found.refused else "A training would begin.", soft_wrap=True
    )
