"""The `gatescope` command: the sub-commands of both stages; only the stage whose command is called is loaded.

Worker processes of a command load this file as well, so it imports next to nothing.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from importlib import metadata
from itertools import pairwise
from typing import Any

COMMANDS = {
    "export": ("export.commands.export:export", "Train on reviews and write verified ONNX bundles."),
    "verify": ("export.commands.verify:verify", "Check a bundle: every implementation, any batch, any cut."),
    "inspect": ("export.commands.inspect:inspect", "Say what a bundle holds."),
    "compare": ("export.commands.compare:compare", "Compare linear models and every cell in one table."),
    "evaluate": ("export.commands.evaluate:evaluate", "Measure a model on labelled reviews and on how it reads."),
    "index": ("export.commands.index:index", "Give a model reviews to be searched on its page."),
    "convert": ("export.commands.convert:convert", "Write a model as MLflow's, or for the Hugging Face Hub."),
    "check-data": (
        "export.commands.check_data:check_data",
        "Say what reviews hold, before they are trained on.",
    ),
    "init": ("export.commands.init:init", "Write a commented gatescope.toml."),
    "serve": ("service.process.serve:serve", "Serve every model of a repository over HTTP."),
    "score": ("service.score.command:score", "Score files of any size."),
    "trace": ("service.tracing.command:trace", "Show on the terminal what a network kept of a text."),
}


def main() -> None:
    """Run the sub-command that the first argument names."""
    import typer  # noqa: PLC0415

    called = next((word for word in _typed_words() if not word.startswith("-")), None)
    app = typer.Typer(
        help="Review classifiers with gates to look into: train, export, verify, serve, score, trace.",
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, (_, text) in COMMANDS.items():
        app.command(name, help=text)(loaded(name) if name == called else _not_loaded)

    @app.callback()
    def options(
        version: bool = typer.Option(False, "--version", help="Show the version and end.", callback=_show_version),
    ) -> None:
        del version

    sys.exit(_end(app, called))


def _typed_words() -> list[str]:
    """Return the words after `gatescope`; where a shell asks to complete them, those that it has so far."""
    asked = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return asked.split()[1:] if "_GATESCOPE_COMPLETE" in os.environ else sys.argv[1:]


def _end(app: Any, called: str | None) -> int:
    """Run the command to its end and return the exit code. A failure is a line, or an object with `--json`."""
    import typer  # noqa: PLC0415

    from models.exits import Exit, Failed  # noqa: PLC0415

    try:
        code: int | None = app(sys.argv[1:] or ["--help"], prog_name="gatescope", standalone_mode=False)
        sys.stdout.flush()
        return code or Exit.OK
    except typer.TyperException as error:
        return _failed(called, f"{error.format_message()} Try --help.", error.exit_code)
    except Failed as error:
        return _failed(called, str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except OSError as error:
        return _failed(called, f"{error.filename}: {error.strerror}" if error.filename else str(error), Exit.DATA)


def _failed(called: str | None, reason: str, code: int) -> int:
    """Say why the command ends, on standard output with `--json` unless the data goes there."""
    if "--json" not in sys.argv:
        print("\n".join(f"gatescope {called}: {line}" for line in reason.splitlines()), file=sys.stderr)
        return code
    to_pipe = "--out=-" in sys.argv or ("--out", "-") in pairwise(sys.argv)
    print(json.dumps({"error": reason, "exit_code": code}), file=sys.stderr if to_pipe else sys.stdout)
    return code


def _show_version(asked: bool) -> None:
    if asked:
        print(f"gatescope {metadata.version('gatescope')}")
        sys.exit()


def loaded(command: str) -> Callable[..., Any]:
    """Return the function of a command; this loads its stage."""
    module, function = COMMANDS[command][0].split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _not_loaded() -> None:
    raise NotImplementedError("another command was called")
