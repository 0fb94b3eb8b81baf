"""`gatescope trace "text"`: one trace, drawn on the terminal."""

import sys
from typing import Annotated, Any

import typer

from models.flags import REPOSITORY, Repository, Version


def trace(
    text: Annotated[str, typer.Argument(help="the review; - reads it from standard input")],
    model: Annotated[str | None, typer.Option(help="which model; the default one where not given")] = None,
    version: Version = None,
    repository: Repository = REPOSITORY,
    remote: Annotated[str | None, typer.Option(help="a service that traces; none where not given")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="label to explain, a second: against it; else the answer"),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(help="a part for --json, such as memory, or more; else the usual"),
    ] = None,
    units: Annotated[int, typer.Option(min=1, help="how many units to detail")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="the trace itself, as the service answers it")] = False,
) -> None:
    """Show on the terminal what a network kept of a text."""
    from rich.console import Console  # noqa: PLC0415

    from service.tracing.drawing import drawing  # noqa: PLC0415 - loads the engine, which help need not wait for
    from service.tracing.encoders import from_json  # noqa: PLC0415
    from service.tracing.obtain import own_trace, remote_trace, request_of  # noqa: PLC0415

    request = request_of(
        text=sys.stdin.read() if text == "-" else text,
        model=model,
        version=version,
        target=_target(target or []),
        include=frozenset([*(include or []), *([] if as_json else ["units"])]),
        units=units,
    )
    body = remote_trace(remote, request) if remote else own_trace(repository, request, _warn)
    if as_json:
        sys.stdout.write(body.decode() + "\n")
        return
    console = Console(highlight=False)
    console.print(drawing(from_json(body), console.width))


def _target(labels: list[str]) -> Any:
    """Return one label, a pair of them, or None for the model's own choice."""
    match labels:
        case []:
            return None
        case [label]:
            return label
    return tuple(labels)


def _warn(text: str) -> None:
    typer.echo(f"gatescope trace: {text}", err=True)
