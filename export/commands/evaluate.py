"""`gatescope evaluate`: any model of a repository on any labelled file, and on the test of behaviour."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from export.commands.exits import Exit
from export.data.tables import Columns, read_table
from export.publish.behaviour import behaviour
from export.publish.evaluation import Evaluation, ReviewFigures, review_figures, tables
from export.publish.modifiers import modifier_gains
from export.training.dataset import encode
from models.bundle.files import Bundle, InvalidBundle, read
from models.bundle.manifest import Capability
from models.bundle.repository import versions
from models.network.bulk import run_many
from models.network.equations import Array, softmax
from models.network.onnx_session import OnnxSession
from models.reviews.errors import DataError, UsageError
from models.reviews.records import ReadOptions


def evaluate(
    file: Annotated[Path | None, typer.Argument(help="Labelled reviews: CSV, JSONL or Parquet.")] = None,
    model: Annotated[str, typer.Option(help="The model's name in the repository.")] = "lstm",
    version: Annotated[int | None, typer.Option(help="Its version; the highest where not given.")] = None,
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
        float | None, typer.Option(min=0, max=1, help="Exit with 5 below this accuracy on the file, 0 to 1.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure a model on labelled reviews, on the test of behaviour, or on both."""
    if file is None and not with_behaviour:
        typer.echo("Name a file of labelled reviews, or ask for --behaviour.", err=True)
        raise typer.Exit(Exit.USAGE)
    try:
        bundle = _bundle(repository, model, version)
        predict = _Predictor(bundle)
        columns = Columns(text_column, label_column, read=ReadOptions.of(delimiter, encoding))
        reviews = _reviews(file, columns, predict, mistakes) if file else None
        found = _behaviour(predict) if with_behaviour else None
        modifiers = modifier_gains(predict, bundle.manifest.labels) if with_behaviour else None
    except UsageError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.USAGE) from error
    except DataError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.DATA) from error
    except InvalidBundle as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(Exit.VERIFICATION) from error
    manifest = bundle.manifest
    _print(
        Evaluation(
            model=manifest.name,
            version=manifest.version,
            labels=manifest.labels,
            reviews=reviews,
            behaviour=found,
            modifiers=modifiers,
        ),
        as_json=as_json,
    )
    if reviews and min_accuracy is not None and reviews.metrics.accuracy < min_accuracy:
        typer.echo(f"accuracy {reviews.metrics.accuracy:.4f} is below --min-accuracy {min_accuracy}", err=True)
        raise typer.Exit(Exit.ACCURACY)


class _Predictor:
    """A bundle's probabilities `[N, C]` of any texts."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._session = OnnxSession(bundle.step_graph, bundle.manifest.states, bundle.manifest.layers)

    def __call__(self, texts: Sequence[str]) -> Array:
        return softmax(run_many(self._session, encode(texts, self.bundle.vocabulary)))


def _bundle(repository: Path, model: str, version: int | None) -> Bundle:
    found = versions(repository, model)
    if not found or (version is not None and version not in found):
        wanted = model if version is None else f"{model}, version {version}"
        raise DataError(f"{repository}: no model {wanted}")
    return read(repository / model / str(version or found[-1]))


def _reviews(file: Path, columns: Columns, predict: _Predictor, mistakes: int) -> ReviewFigures:
    rows = read_table(str(file), columns).rows
    if not rows:
        raise DataError(f"{file}: no reviews")
    manifest = predict.bundle.manifest
    labels = manifest.labels
    unknown = sorted({row.label for row in rows} - set(labels))
    if unknown:
        raise DataError(f"{file}: the model knows the labels {', '.join(labels)}, not {', '.join(map(repr, unknown))}")
    texts = [row.text for row in rows]
    targets = np.array([labels.index(row.label) for row in rows])
    return review_figures(file.name, texts, targets, predict(texts), labels, mistakes, manifest.abstain)


def _behaviour(predict: _Predictor) -> dict[str, Capability]:
    labels = predict.bundle.manifest.labels
    found = behaviour(predict, labels)
    if not found:
        raise DataError(f"the test of behaviour is about praise and blame; this model's labels are {', '.join(labels)}")
    return found


def _print(evaluation: Evaluation, *, as_json: bool) -> None:
    if as_json:
        typer.echo(evaluation.model_dump_json(indent=1))
        return
    console = Console(width=None if sys.stdout.isatty() else 140, markup=False)
    for table in tables(evaluation):
        console.print(table)
