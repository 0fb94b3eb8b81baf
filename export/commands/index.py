"""`gatescope index`: a model's next version, with reviews of your own to be searched on its page."""

from pathlib import Path
from typing import Annotated

import typer

from models.flags import REPOSITORY, Delimiter, Encoding, LabelColumn, Repository, TextColumn


def index(
    file: Annotated[Path, typer.Argument(help="labelled reviews that the model has not learnt from")],
    model: Annotated[str, typer.Option(help="the model's name in the repository")] = "lstm",
    repository: Repository = REPOSITORY,
    text_column: TextColumn = "text",
    label_column: LabelColumn = "label",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    texts: Annotated[
        bool, typer.Option(help="keep the texts, so that places can be read; else their numbers and fingerprints")
    ] = True,
) -> None:
    """Publish the next version of a model, with these reviews to be searched by unit and by state."""
    from export.data.tables import Columns, read_table  # noqa: PLC0415 - help need not wait for them
    from export.publish.add_corpus import add_corpus  # noqa: PLC0415
    from models.bundle.select import open_model  # noqa: PLC0415
    from models.reviews.records import ReadOptions  # noqa: PLC0415

    found = open_model(repository, lambda bundle: bundle, name=model)
    for warning in found.warnings:
        typer.echo(f"gatescope index: {warning}", err=True)
    table = read_table(str(file), Columns(text_column, label_column, read=ReadOptions.of(delimiter, encoding)))
    folder = add_corpus(found.newest, repository, file.name, table.rows, keep_texts=texts)
    if table.skipped:
        typer.echo(f"gatescope index: skipped {len(table.skipped):,} rows, the first: {table.skipped[0]}", err=True)
    typer.echo(f"wrote {folder}")
