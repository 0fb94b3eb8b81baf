"""One trace as JSON: computed in this process, or asked of a running service."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from models.bundle.select import open_model
from models.reviews.errors import DataError, UsageError
from service.engine import Engine, EngineSettings
from service.errors import ServiceError
from service.inference.limits import TextLimits
from service.inference.predict import Predictor
from service.metrics.recorder import Recorder
from service.settings import read_settings
from service.tracing.encoders import ENCODERS, JSON
from service.tracing.executor import TraceExecutor
from service.tracing.request import TraceRequest
from service.tracing.tracer import Tracer

TIMEOUT = 60


def request_of(**given: object) -> TraceRequest:
    """Return what is asked for. Raises `UsageError`."""
    try:
        return TraceRequest.model_validate(given)
    except ValidationError as error:
        raise UsageError(error.errors(include_url=False)[0]["msg"]) from error


def remote_trace(address: str, request: TraceRequest) -> bytes:
    """Return the trace of a running service. Raises `DataError`."""
    call = urllib.request.Request(
        f"{address.rstrip('/')}/v1/trace",
        request.model_dump_json(by_alias=True).encode(),
        {"Content-Type": "application/json", "Accept": JSON},
    )
    try:
        with urllib.request.urlopen(call, timeout=TIMEOUT) as response:
            return cast(bytes, response.read())
    except urllib.error.HTTPError as error:
        raise DataError(json.loads(error.read())["detail"]) from None
    except OSError as error:
        raise DataError(f"{address}: {error}") from None


def own_trace(repository: Path, request: TraceRequest, warn: Callable[[str], None]) -> bytes:
    """Return the trace that the service's own engine gives in this process. Raises `DataError`, `NoSuchModel`."""
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
            warn(warning)
        return asyncio.run(tracer.trace(model.newest, request, ENCODERS[JSON]))
    except ServiceError as error:
        raise DataError(error.detail) from None
    finally:
        tracer.close()
        engine.close()
