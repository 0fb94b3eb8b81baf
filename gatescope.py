"""The `gatescope` command: the sub-commands of both stages, each stage loaded only when one of its own is called."""

import importlib
import sys

import click
from typer.main import get_command

COMMANDS = {
    "export": ("export.cli", "Train on reviews, write verified ONNX bundles."),
    "verify": ("export.cli", "Check a bundle: three implementations, any batch, any cut."),
    "inspect": ("export.cli", "Say what a bundle holds."),
    "compare": ("export.cli", "Compare every model of a repository in one table."),
    "serve": ("service.cli", "Serve every model of a repository over HTTP."),
    "score": ("service.score.cli", "Score files of any size."),
    "trace": ("service.trace_cli", "Show on the terminal what the network kept of a text."),
}


class _Stages(click.Group):
    """Sub-commands by name, imported when they are called; the help text needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = get_command(module.app)
        return command.commands[cmd_name] if isinstance(command, click.Group) else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Stages, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatescope")
def main() -> None:
    """Review classifiers with gates to look into: train, export, verify, serve, score, trace."""


if __name__ == "__main__":
    sys.exit(main())
