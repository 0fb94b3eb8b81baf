"""`python -m tests.studies.faithfulness`: measure a repository's models on the built-in test reviews."""

import datetime
import os
import platform
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime
import torch
import typer

from export.data.sources import load
from export.data.splits import DataSplit, split
from models.bundle.files import Bundle, InvalidBundle, read
from models.bundle.repository import versions
from models.reviews.errors import DataError
from models.text.words import MAX_WORDS
from tests.studies.faithfulness.model import StudiedModel
from tests.studies.faithfulness.negation import negations
from tests.studies.faithfulness.report import report
from tests.studies.faithfulness.study import study

MODELS = ("rnn", "gru", "lstm")


def main(
    repository: Annotated[Path, typer.Option(help="Folder of bundles.")] = Path("repository"),
    models: Annotated[list[str] | None, typer.Option("--model", help="Which models; repeat for more.")] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/faithfulness.md"),
    reviews: Annotated[int, typer.Option(min=1, help="At most so many test reviews, evenly drawn.")] = 2000,
) -> None:
    """Measure how faithful every method is to every model."""
    try:
        bundles = [_newest(repository, name) for name in models or MODELS]
        part = _test_reviews(bundles)
    except (DataError, InvalidBundle) as error:
        raise SystemExit(f"faithfulness: {error}") from error
    studies = []
    for bundle in bundles:
        model = StudiedModel.of_bundle(bundle)
        encoded = [bundle.vocabulary.encode(text, MAX_WORDS).ids for text in part.texts]
        kept = [number for number, ids in enumerate(encoded) if len(ids) >= 2]
        kept = kept[:: -(-len(kept) // reviews)]
        name = bundle.manifest.name
        found = study(
            model,
            [encoded[number] for number in kept],
            part.targets[kept],
            negations(model, bundle.vocabulary, bundle.manifest.labels),
            partial(_note, name),
        )
        studies.append(found)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report(studies, _how(bundles, reviews)))


def _note(model: str, method: str) -> None:
    print(f"{model}: {method}", file=sys.stderr, flush=True)


def _newest(repository: Path, name: str) -> Bundle:
    there = versions(repository, name)
    if not there:
        raise InvalidBundle(repository / name, "has no version; `gatescope export` writes one")
    return read(repository / name / str(there[-1]))


def _test_reviews(bundles: list[Bundle]) -> DataSplit:
    """The test reviews that all the bundles were kept from. Raises `DataError` where they are not the built-in ones."""
    part = split(load("critics"), bundles[0].manifest.provenance.seed).test
    for bundle in bundles:
        if bundle.manifest.data.splits["test"].fingerprint != part.fingerprint:
            raise DataError(f"{bundle.folder} was not tested on the built-in reviews of the other models")
    return part


def _how(bundles: list[Bundle], reviews: int) -> str:
    models = ", ".join(f"`{b.manifest.name}` version {b.manifest.version} (`{b.sha256[:12]}`)" for b in bundles)
    libraries = f"ONNX Runtime {onnxruntime.__version__}, torch {torch.__version__}, NumPy {np.__version__}"
    threads = os.environ.get("OMP_NUM_THREADS")
    command = (
        f"{f'OMP_NUM_THREADS={threads} ' if threads else ''}python -m tests.studies.faithfulness --reviews {reviews}"
    )
    return (
        f"Made by `{command}` on {datetime.date.today()}, {platform.machine()} with "
        f"{os.cpu_count()} cores, {libraries}.\nModels: {models}.\nReviews: the built-in test split, "
        f"{bundles[0].manifest.data.split_rule}, reviews of two words and more."
    )


if __name__ == "__main__":
    typer.run(main)
