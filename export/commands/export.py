"""`gatescope export`: one flag for each setting, and what is said at the end."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from export.settings import ExportSettings, flags_of, read_settings
from models.exits import Exit, Interrupted
from models.flags import given, with_flags, written
from models.network.equations import CELLS
from models.reviews.errors import UsageError

if TYPE_CHECKING:
    from export.run import Outcome


@with_flags(flags_of(ExportSettings.model_fields))
def export(
    *, as_json: Annotated[bool, typer.Option("--json", help="the result as JSON, no progress")] = False, **flags: Any
) -> None:
    """Train on reviews and write verified ONNX bundles into a repository."""
    settings = read_settings(**given(flags))
    _require_writable(settings)
    if not settings.cells_to_train():
        typer.echo("Every model has a version already; nothing to do.", err=True)
        return
    outcome = _run(settings, quiet=as_json)
    _print(outcome, as_json=as_json)
    if outcome.interrupted:
        raise typer.Exit(Exit.INTERRUPTED)
    if settings.min_accuracy is not None and _worst(outcome) < settings.min_accuracy:
        typer.echo(f"accuracy {_worst(outcome):.4f} is below --min-accuracy {settings.min_accuracy}", err=True)
        raise typer.Exit(Exit.ACCURACY)


def _require_writable(settings: ExportSettings) -> None:
    """Raise `UsageError` where the repository, or the folder of a model in it, can't be made or written to."""
    for folder in (settings.repository, *(settings.repository / settings.model_name(cell) for cell in settings.cells)):
        try:
            if folder == settings.repository or folder.exists():
                _write_into(folder)
        except OSError as error:
            raise UsageError(f"--repository: {folder} can't be written to: {error.strerror}") from error


def _write_into(folder: Path) -> None:
    from tempfile import TemporaryFile  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    TemporaryFile(dir=folder).close()


def _run(settings: ExportSettings, *, quiet: bool) -> "Outcome":
    from export.commands.show import Screen  # noqa: PLC0415
    from export.run import run  # noqa: PLC0415 - loads torch, which a run with nothing to do need not wait for
    from export.training.interrupt import two_stage  # noqa: PLC0415

    screen = Screen(quiet=quiet)
    effective = {name: written(value) for name, value in settings.effective().items()}
    screen.say("settings: " + ", ".join(f"{name} {value}" for name, value in effective.items() if value))
    try:
        with two_stage(screen.say) as stop:
            return run(settings, screen, stop)
    except KeyboardInterrupt as error:
        raise Interrupted("interrupted; nothing was written of the model in training") from error


def _print(outcome: "Outcome", *, as_json: bool) -> None:
    if as_json:
        comparison = outcome.comparison.model_dump() if outcome.comparison else None
        bundles = [str(folder) for folder in outcome.folders]
        typer.echo(json.dumps({"bundles": bundles, "comparison": comparison, "interrupted": outcome.interrupted}))
        return
    _print_tables(outcome)
    for folder in outcome.folders:
        typer.echo(f"wrote {folder}")


def _print_tables(outcome: "Outcome") -> None:
    from rich.console import Console  # noqa: PLC0415

    from export.publish.comparison import behaviour_table, table  # noqa: PLC0415

    if outcome.comparison:
        console = Console(width=None if sys.stdout.isatty() else 140, markup=False)
        console.print(table(outcome.comparison))
        if (reading := behaviour_table(outcome.comparison)) is not None:
            console.print(reading)


def _worst(outcome: "Outcome") -> float:
    """Return the lowest test accuracy among the new models."""
    entries = outcome.comparison.entries if outcome.comparison else ()
    return min((entry.metrics.accuracy for entry in entries if entry.kind in CELLS), default=0.0)
