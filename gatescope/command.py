"""The `gatescope` command: the sub-commands of both stages; only the stage whose command is called is loaded.

Worker processes of a command load this file as well, so it imports next to nothing.
"""

import importlib
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

COMMANDS = {
    "export": ("export.commands.export:export", "Train on reviews and write verified ONNX bundles."),
    "verify": ("export.commands.verify:verify", "Check a bundle: every implementation, any batch, any cut."),
    "inspect": ("export.commands.inspect:inspect", "Say what a bundle holds."),
    "compare": ("export.commands.compare:compare", "Compare linear models and every cell in one table."),
    "evaluate": ("export.commands.evaluate:evaluate", "Measure a model on labelled reviews and on how it reads."),
    "serve": ("service.process.serve:serve", "Serve every model of a repository over HTTP."),
    "score": ("service.score.command:score", "Score files of any size."),
    "trace": ("service.tracing.command:trace", "Show on the terminal what a network kept of a text."),
}


def main() -> None:
    """Run the sub-command that the first argument names."""
    import typer  # noqa: PLC0415

    called = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    app = typer.Typer(
        help="Review classifiers with gates to look into: train, export, verify, serve, score, trace.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, (place, text) in COMMANDS.items():
        app.command(name, help=text)(_load(place) if name == called else _not_loaded)

    @app.callback()
    def options(
        version: bool = typer.Option(False, "--version", help="Show the version and end.", callback=_show_version),
    ) -> None:
        del version

    app(prog_name="gatescope")


def _show_version(asked: bool) -> None:
    if asked:
        print(f"gatescope {metadata.version('gatescope')}")
        sys.exit()


def _load(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


def _not_loaded() -> None:
    raise NotImplementedError("another command was called")
