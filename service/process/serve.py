"""`gatescope serve`."""

import os
from typing import Any

import typer

from models.exits import Exit
from models.flags import flags_of_settings, given, with_flags
from service.process.logs import configure
from service.settings import Settings, read_settings

FLAGS = (
    "repository",
    "host",
    "port",
    "uds",
    "default_model",
    "workers",
    "threads",
    "provider",
    "log_level",
    "log_format",
    "access_log",
    "config",
)
"""The settings that are used most; every other one comes from the environment or the file."""


@with_flags(flags_of_settings({name: (field := Settings.model_fields[name], field.default) for name in FLAGS}))
def serve(**flags: Any) -> None:
    """Serve every model of a repository. Each setting is also `GATESCOPE_<NAME>` in the environment."""
    try:
        settings = read_settings(**given(flags))
        configure(settings.log_level, settings.log_format)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a trace's products leave the other cores to predictions
        from service.process.supervisor import run  # noqa: PLC0415 - a wrong flag is told before the service is loaded

        code = run(settings)
    except OSError as error:
        place = settings.uds or f"{settings.host}:{settings.port}"
        typer.echo(f"gatescope serve: {place}: {error.strerror}", err=True)
        raise typer.Exit(Exit.FAILED) from error
    raise typer.Exit(code)
