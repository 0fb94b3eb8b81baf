"""`GET /v1/models`: what is served."""

from typing import Any

from litestar import Request, Response, get

from service.api.context import Parts, context_of
from service.api.http import json_response
from service.api.schemas import Card, Models, Versions
from service.engine import Model


@get("/v1/models")
async def models(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Every served version of every model."""
    parts = context_of(request.scope)
    return json_response(Models(models=[card(parts, model) for model in parts.catalog]))


@get("/v1/models/{name:str}")
async def model_versions(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Every served version of one model."""
    parts, name = context_of(request.scope), request.path_params["name"]
    served = parts.catalog.versions_of(name)
    return json_response(Versions(name=name, versions=[card(parts, model) for model in served]))


@get("/v1/models/{name:str}/versions/{version:int}")
async def model_version(request: Request[Any, Any, Any]) -> Response[bytes]:
    """One served version."""
    parts, asked = context_of(request.scope), request.path_params
    return json_response(card(parts, parts.catalog.find(asked["name"], asked["version"])))


def card(parts: Parts, model: Model) -> Card:
    """What a client may know of a served version."""
    manifest = model.bundle.manifest
    return Card(
        name=manifest.name,
        version=manifest.version,
        default=model.name == parts.catalog.default_name() and parts.catalog.find() is model,
        cell=manifest.cell,
        embedding_size=manifest.embedding_size,
        hidden_size=manifest.hidden_size,
        layers=manifest.layers,
        pooling=manifest.pooling,
        labels=list(manifest.labels),
        vocabulary_size=manifest.vocabulary_size,
        parameters=manifest.parameters,
        temperature=manifest.temperature,
        max_words=parts.settings.max_words,
        sha256=model.bundle.sha256,
        metrics=manifest.metrics,
        behaviour=manifest.behaviour,
        data=manifest.data,
        provenance=manifest.provenance,
    )
