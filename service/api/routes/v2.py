"""`/v2`: the Open Inference Protocol v2 over HTTP."""

import json
from importlib.metadata import version as installed
from typing import Any

from litestar import Request, Response, get, post

from service.api.context import context_of
from service.api.http import WhileConnected, deadline_of, header, read_body
from service.api.open_inference import metadata, read_request, write_response
from service.api.routes.health import why_not_ready
from service.engine import Model
from service.errors import UnknownModel, too_large
from service.inference.map_bounded import map_bounded

Call = Request[Any, Any, Any]


@get("/v2")
async def server() -> dict[str, Any]:
    """The server's name, version and extensions."""
    extensions = ["model_repository", "binary_tensor_data"]
    return {"name": "gatescope", "version": installed("gatescope"), "extensions": extensions}


@get("/v2/health/live")
async def live() -> dict[str, bool]:
    """200 as long as the process answers."""
    return {"live": True}


@get("/v2/health/ready")
async def ready(request: Call) -> Response[Any]:
    """200 where requests should be sent here, else 503."""
    reason = why_not_ready(context_of(request.scope))
    return Response({"ready": False, "error": reason}, status_code=503) if reason else Response({"ready": True})


@get(["/v2/models/{name:str}", "/v2/models/{name:str}/versions/{version:str}"])
async def model_metadata(request: Call) -> dict[str, Any]:
    """The model's tensors."""
    model = _model(request)
    served = context_of(request.scope).catalog.versions_of(model.name)
    return metadata(model.name, [other.version for other in served], model.bundle.manifest.labels)


@get(["/v2/models/{name:str}/ready", "/v2/models/{name:str}/versions/{version:str}/ready"])
async def model_ready(request: Call) -> dict[str, Any]:
    """200 where the model is served; a served model is always ready."""
    return {"name": _model(request).name, "ready": True}


@post(["/v2/models/{name:str}/infer", "/v2/models/{name:str}/versions/{version:str}/infer"], status_code=200)
async def infer(request: Call) -> Response[bytes]:
    """Classify the texts of the tensor `text`."""
    parts = context_of(request.scope)
    settings = parts.settings
    model = _model(request)
    deadline = deadline_of(request.scope, settings.request_timeout)
    body = await read_body(request.receive, settings.max_batch_bytes)
    call, texts = read_request(body, header(request.scope, b"inference-header-content-length"))
    if len(texts) > settings.max_batch_rows:
        raise too_large("a request", settings.max_batch_rows, "texts")
    with WhileConnected(request.receive):
        predictions = await map_bounded(texts, lambda _, text: parts.predictor.predict(model, text, deadline=deadline))
    head, binary = write_response(call, predictions, model.bundle.manifest.labels)
    content = json.dumps(head).encode()
    if not binary:
        return Response(content, media_type="application/json")
    length = {"Inference-Header-Content-Length": str(len(content))}
    return Response(content + binary, headers=length, media_type="application/octet-stream")


def _model(request: Call) -> Model:
    name, version = request.path_params["name"], request.path_params.get("version")
    if version is not None and not (version.isascii() and version.isdecimal() and len(version) < 19):
        raise UnknownModel("a version is a positive integer")
    return context_of(request.scope).catalog.find(name, None if version is None else int(version))
