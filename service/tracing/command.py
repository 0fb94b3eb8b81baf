"""`gatescope trace "text"`: one trace, drawn on the terminal."""

import asyncio
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import ValidationError
from rich.console import Console

from models.bundle.files import InvalidBundle
from models.bundle.select import NoSuchModel, open_model
from service.engine import Engine, EngineSettings
from service.errors import ServiceError
from service.inference.limits import TextLimits
from service.inference.predict import Predictor
from service.metrics.recorder import Recorder
from service.settings import InvalidSettings, read_settings
from service.tracing.drawing import drawing
from service.tracing.encoders import ENCODERS, JSON, from_json
from service.tracing.executor import TraceExecutor
from service.tracing.request import TraceRequest
from service.tracing.trace import Part
from service.tracing.tracer import Tracer

USAGE, DATA = 2, 3
TIMEOUT = 60


def trace(
    text: Annotated[str, typer.Argument(help="The review; - reads it from standard input.")],
    model: Annotated[str | None, typer.Option(help="Which model; the default one where left out.")] = None,
    version: Annotated[int | None, typer.Option(help="Which version; the newest valid one where left out.")] = None,
    repository: Annotated[Path, typer.Option(help="Folder of bundles.", envvar="GATESCOPE_REPOSITORY")] = Path(
        "repository"
    ),
    remote: Annotated[str | None, typer.Option(help="Address of a service that traces in place of this one.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="The label to explain; a second one: against it.")] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="A part for --json, such as memory; repeat for more.")
    ] = None,
    units: Annotated[int, typer.Option(min=1, help="How many units to detail.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="The trace itself, as the service answers it.")] = False,
) -> None:
    """Show on the terminal what a network kept of a text."""
    try:
        request = TraceRequest(
            text=sys.stdin.read() if text == "-" else text,
            model=model,
            version=version,
            target=_target(target or []),
            include=cast(frozenset[Part], frozenset(include or [])),
            units=units,
        )
        body = _ask(remote, request) if remote else _compute(repository, request)
    except ValidationError as error:
        raise _failed(error.errors(include_url=False)[0]["msg"], USAGE) from None
    except NoSuchModel as error:
        raise _failed(str(error), USAGE) from None
    except ServiceError as error:
        raise _failed(error.detail, DATA) from None
    except (InvalidBundle, InvalidSettings, OSError) as error:
        raise _failed(str(error), DATA) from None
    if as_json:
        sys.stdout.write(body.decode() + "\n")
        return
    console = Console(highlight=False)
    console.print(drawing(from_json(body), console.width))


def _target(labels: list[str]) -> Any:
    """One label, a pair of them, or None for the model's own choice."""
    match labels:
        case []:
            return None
        case [label]:
            return label
    return tuple(labels)


def _failed(reason: str, code: int) -> typer.Exit:
    typer.echo(f"gatescope trace: {reason}", err=True)
    return typer.Exit(code)


def _ask(remote: str, request: TraceRequest) -> bytes:
    """The trace of a running service."""
    call = urllib.request.Request(
        f"{remote.rstrip('/')}/v1/trace",
        request.model_dump_json(by_alias=True).encode(),
        {"Content-Type": "application/json", "Accept": JSON},
    )
    try:
        with urllib.request.urlopen(call, timeout=TIMEOUT) as response:
            return cast(bytes, response.read())
    except urllib.error.HTTPError as error:
        raise OSError(json.loads(error.read())["detail"]) from None


def _compute(repository: Path, request: TraceRequest) -> bytes:
    """Return the trace that the service's own engine gives in this process."""
    settings = read_settings(repository=repository)
    engine = Engine(EngineSettings())
    predictor = Predictor(engine, TextLimits(settings.max_words, settings.max_text_bytes), Recorder())
    tracer = Tracer(predictor, TraceExecutor())
    try:
        model = open_model(
            repository,
            engine.load,
            name=request.model,
            version=request.version,
            default=settings.default_model,
        )
        for warning in model.warnings:
            typer.echo(f"gatescope trace: {warning}", err=True)
        return asyncio.run(tracer.trace(model.newest, request, ENCODERS[JSON]))
    finally:
        tracer.close()
        engine.close()
