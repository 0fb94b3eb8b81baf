"""The OpenAPI 3.1 document, put together from the wire models."""

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api import open_inference, schemas
from service.api.problems import STATUS
from service.api.routes import v2_repository
from service.errors import ServiceError
from service.inference.prediction import Prediction
from service.tracing.encoders import ENCODERS
from service.tracing.encoders import schemas as trace_schemas
from service.tracing.request import TraceRequest

MODELS: tuple[type[BaseModel], ...] = (
    schemas.PredictRequest,
    schemas.CompareRequest,
    schemas.BatchRows,
    Prediction,
    schemas.Comparison,
    schemas.BatchAnswers,
    schemas.Models,
    schemas.Versions,
    schemas.Card,
    schemas.Readiness,
    schemas.Liveness,
    schemas.ProblemDetails,
    TraceRequest,
    open_inference.InferRequest,
    v2_repository.IndexRequest,
    v2_repository.LoadRequest,
)
SCHEMA = "#/components/schemas/{}"
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}, "description": "model name"}
VERSION = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
    "description": "model version",
}
TIMEOUT = {
    "name": "X-Request-Timeout",
    "in": "header",
    "required": False,
    "schema": {"type": "number", "exclusiveMinimum": 0},
    "description": "seconds after which the answer is of no use",
}
TIMED = [TIMEOUT]
STREAMED = {
    "application/x-ndjson": "a request of `/v1/predict`, or its text as a JSON string, a line; answered by a prediction"
    " or `{line, error}` a line in the same order, and `{summary}` at the end",
    "text/csv": "a header and records; answered by the same records with the columns of the prediction added",
}
OF_BATCHES: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": what,
    }
    for name, schema, what in (
        ("model", {"type": "string"}, "model for rows that name none"),
        ("version", {"type": "integer", "minimum": 1}, "its version"),
        ("text_column", {"type": "string", "default": "text"}, "column of CSV that holds the reviews"),
        ("prefix", {"type": "string", "default": ""}, "put before the names of the columns that are added to CSV"),
    )
]
REASONS = {
    STATUS[category]: "; ".join(error.title for error in ServiceError.kinds.values() if error.category is category)
    for category in STATUS
}
"""What every status may mean."""

OPTIONAL = ("IndexRequest", "LoadRequest")
READS = (401, 404, 503)
WORKS = (400, 401, 404, 413, 422, 429, 503, 504)


def document() -> dict[str, Any]:
    """The whole document."""
    kinds = [(kind, "validation") for kind in MODELS]
    _, definitions = models_json_schema(kinds, ref_template=SCHEMA.format("{model}"))  # type: ignore[arg-type]
    of_traces = trace_schemas(SCHEMA.format("{name}"))
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatescope",
            "version": version("gatescope"),
            "description": "Predictions of recurrent review classifiers.",
        },
        "paths": _paths(),
        "components": {
            "schemas": of_traces | definitions["$defs"] | {"Error": error},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _paths() -> dict[str, Any]:
    return {
        "/v1/predict": {"post": _call("predict", "Classify one review", "PredictRequest", "Prediction", WORKS, TIMED)},
        "/v1/batch": {"post": _batch()},
        "/v1/compare": {
            "post": _call("compare", "One review through every model", "CompareRequest", "Comparison", WORKS, TIMED)
        },
        "/v1/trace": {"post": _trace()},
        "/v1/models": {"get": _call("models", "What is served", None, "Models", (401,))},
        "/v1/models/{name}": {"get": _call("modelVersions", "Versions of a model", None, "Versions", READS, [NAME])},
        "/v1/models/{name}/versions/{version}": {
            "get": _call("modelVersion", "One version", None, "Card", READS, [NAME, VERSION])
        },
        "/health/live": {"get": _call("live", "Whether the process works", None, "Liveness")},
        "/health/ready": {"get": _ready()},
        "/metrics": {"get": _text("metrics", "Metrics for Prometheus")},
        **_open_inference(),
    }


def _open_inference() -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/v2": {"get": _v2("server", "The server", None, (401,))},
        "/v2/health/live": {"get": _v2("v2Live", "Whether the process works")},
        "/v2/health/ready": {"get": _v2("v2Ready", "Whether requests should be sent here", None, (503,))},
        "/v2/repository/index": {"post": _v2("index", "What the repository has", "IndexRequest", (400, 401, 413))},
        "/v2/repository/models/{name}/load": {
            "post": _v2("load", "Serve a version", "LoadRequest", (400, 401, 403, 404, 409, 413), [NAME])
        },
        "/v2/repository/models/{name}/unload": {
            "post": _v2("unload", "Stop serving a model", None, (401, 403, 404, 413, 503), [NAME])
        },
    }
    for infix, suffix, parameters in (("", "", [NAME]), ("/versions/{version}", "Version", [NAME, VERSION])):
        path = "/v2/models/{name}" + infix
        paths[path] = {"get": _v2(f"metadata{suffix}", "A model's tensors", None, READS, parameters)}
        paths[f"{path}/ready"] = {"get": _v2(f"modelReady{suffix}", "Whether it is served", None, READS, parameters)}
        infer = _v2(f"infer{suffix}", "Classify texts", "InferRequest", WORKS, [*parameters, TIMEOUT])
        paths[f"{path}/infer"] = {"post": infer}
    return paths


def _call(
    name: str,
    summary: str,
    body: str | None,
    answer: str,
    problems: tuple[int, ...] = (),
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "done", "content": _json(_reference(answer))}}
    for status in problems:
        content = {"application/problem+json": {"schema": _reference("ProblemDetails")}}
        responses[str(status)] = {"description": REASONS[status], "content": content}
    return _operation(name, summary, body, responses, parameters)


def _v2(
    name: str,
    summary: str,
    body: str | None = None,
    errors: tuple[int, ...] = (),
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "done", "content": _json({})}}
    for status in errors:
        responses[str(status)] = {"description": REASONS[status], "content": _json(_reference("Error"))}
    return _operation(name, summary, body, responses, parameters)


def _operation(
    name: str, summary: str, body: str | None, responses: dict[str, Any], parameters: list[dict[str, Any]] | None
) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": body not in OPTIONAL, "content": _json(_reference(body))}
    return operation | ({"parameters": parameters} if parameters else {})


def _batch() -> dict[str, Any]:
    operation = _call("batch", "Classify many reviews", "BatchRows", "BatchAnswers", WORKS, [TIMEOUT, *OF_BATCHES])
    streamed = {form: {"schema": {"description": what}} for form, what in STREAMED.items()}  # any bytes are lines
    for place in (operation["requestBody"], operation["responses"]["200"]):
        place["content"] |= streamed
    return operation


def _trace() -> dict[str, Any]:
    operation = _call("trace", "What a network kept of one review", "TraceRequest", "Trace", (*WORKS, 406), TIMED)
    binary = {"schema": {"type": "string", "format": "binary"}}
    operation["responses"]["200"]["content"] |= {form: binary for form in ENCODERS if form != "application/json"}
    return operation


def _ready() -> dict[str, Any]:
    content = _json(_reference("Readiness"))
    responses = {"200": {"description": "ready", "content": content}, "503": {"description": "not", "content": content}}
    return _operation("ready", "Whether requests should be sent here", None, responses, None)


def _text(name: str, summary: str) -> dict[str, Any]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return _operation(name, summary, None, {"200": {"description": "done", "content": content}}, None)


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": SCHEMA.format(name)}
