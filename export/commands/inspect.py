"""`gatescope inspect`: what a bundle holds, without running it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from models.bundle.files import Bundle
from models.bundle.select import bundle_at


def inspect(
    place: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="A model's name, or a folder: REPOSITORY/MODEL or .../VERSION.")
    ],
    repository: Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="where a name is looked up")] = Path(
        "repository"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="print the whole manifest")] = False,
) -> None:
    """Read a bundle, of a model the newest valid one, check its files, and say what it is."""
    found = bundle_at(place, repository)
    for warning in found.warnings:
        typer.echo(f"gatescope inspect: {warning}", err=True)
    bundle = found.newest
    if as_json:
        typer.echo(json.dumps({"sha256": bundle.sha256, **bundle.manifest.model_dump(mode="json")}, indent=1))
        return
    drawn = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in _facts(bundle).items():
        drawn.add_row(name, str(value))
    Console(markup=False).print(drawn)


def _facts(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    test = manifest.metrics.get("test")
    return {
        "model": f"{manifest.name}, version {manifest.version}",
        "cell": f"{manifest.cell}, {manifest.layers} layer(s) of {manifest.hidden_size} units",
        "words": f"{manifest.vocabulary_size:,}, vectors of {manifest.embedding_size}",
        "pooling": manifest.pooling,
        "labels": ", ".join(manifest.labels),
        "parameters": f"{manifest.parameters:,}",
        "temperature": f"{manifest.temperature:.3f}",
        "learnt from": f"{manifest.data.name} ({manifest.data.split_rule})",
        "test accuracy": f"{100 * test.accuracy:.1f} % of {test.rows:,}" if test else "not measured",
        "made": f"{manifest.provenance.created}, seed {manifest.provenance.seed}",
        "state": ", ".join(f"{state.name} {list(state.shape)}" for state in manifest.states),
        "files": ", ".join(f"{name} ({file.bytes:,} B)" for name, file in manifest.files.items()),
        "sha256": bundle.sha256,
    }
