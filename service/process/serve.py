"""`gatescope serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from service.process.logs import configure
from service.settings import InvalidSettings, read_settings

FAILED, USAGE = 1, 2


def serve(
    repository: Annotated[Path | None, typer.Option(help="folder of bundles")] = None,
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; 0 picks a free one")] = None,
    default_model: Annotated[str | None, typer.Option(help="model for requests that name none")] = None,
    workers: Annotated[int | None, typer.Option(help="worker processes; 0 chooses by the number of cores")] = None,
    threads: Annotated[int | None, typer.Option(help="cores a worker computes on; 0 chooses")] = None,
    provider: Annotated[str | None, typer.Option(help="auto, native, onnxruntime or cuda")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, json or pretty")] = None,
    access_log: Annotated[bool | None, typer.Option(help="log a line a request")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings")] = None,
) -> None:
    """Serve every model of a repository. Each setting is also `GATESCOPE_<NAME>` in the environment."""
    try:
        settings = read_settings(
            repository=repository,
            host=host,
            port=port,
            default_model=default_model,
            workers=workers,
            threads=threads,
            provider=provider,
            log_level=log_level,
            log_format=log_format,
            access_log=access_log,
            config=config,
        )
        configure(settings.log_level, settings.log_format)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a trace's products leave the other cores to predictions
        from service.process.supervisor import run  # noqa: PLC0415 - a wrong flag is told before the service is loaded

        code = run(settings)
    except InvalidSettings as error:
        typer.echo(f"gatescope serve: {error}", err=True)
        raise typer.Exit(USAGE) from error
    except OSError as error:
        typer.echo(f"gatescope serve: {settings.host}:{settings.port}: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from error
    raise typer.Exit(code)
