"""`gatescope convert`: a model in the folder of another tool."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from models.flags import REPOSITORY, Repository
from models.reviews.errors import UsageError


def convert(
    folder: Annotated[Path, typer.Argument(help="folder to write, which is not there yet")],
    to: Annotated[Literal["mlflow", "huggingface"], typer.Option(help="the tool whose folder it is")],
    model: Annotated[str, typer.Option(help="the model's name in the repository")] = "lstm",
    repository: Repository = REPOSITORY,
) -> None:
    """Write a model's newest version as an MLflow model, or as a folder for the Hugging Face Hub."""
    from export.publish.convert import FORMATS  # noqa: PLC0415 - help need not wait for them
    from models.bundle.select import open_model  # noqa: PLC0415

    if folder.exists():
        raise UsageError(f"{folder} is there already")
    found = open_model(repository, lambda bundle: bundle, name=model)
    for warning in found.warnings:
        typer.echo(f"gatescope convert: {warning}", err=True)
    FORMATS[to](found.newest, folder)
    typer.echo(f"wrote {folder}")
