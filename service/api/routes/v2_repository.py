"""`/v2/repository`: what is there, load it, unload it (the extension `model_repository`)."""

import asyncio
from typing import Annotated, Any

from litestar import Request, Response, post
from pydantic import BaseModel, ConfigDict, Field

from service.api.context import context_of
from service.api.http import read_body
from service.api.schemas import parse
from service.errors import Conflict
from service.inference.follow import Changes

Call = Request[Any, Any, Any]
BODY_LIMIT = 65_536


class IndexRequest(BaseModel):
    """Which versions to list: all, or those that are ready."""

    model_config = ConfigDict(strict=True)

    ready: bool = False


class LoadParameters(BaseModel):
    """Which version to load; the newest valid one where left out."""

    model_config = ConfigDict(extra="ignore")

    version: Annotated[int | None, Field(ge=1, lt=10**18)] = None


class LoadRequest(BaseModel):
    """What to load; the body may be empty."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"parameters": {"version": 2}}]})

    parameters: LoadParameters = LoadParameters()


@post("/v2/repository/index", status_code=200)
async def index(request: Call) -> list[dict[str, str]]:
    """Every version in the repository with its state, and the reason where it is not served."""
    asked = parse(IndexRequest, await read_body(request.receive, BODY_LIMIT) or b"{}")
    states = await asyncio.to_thread(context_of(request.scope).catalog.states)
    return [state.model_dump() for state in states if state.state == "READY" or not asked.ready]


@post("/v2/repository/models/{name:str}/load", status_code=200)
async def load(request: Call) -> Response[bytes]:
    """Serve the newest valid version, or the one asked for, in place of what is served; returns when all do."""
    asked = parse(LoadRequest, await read_body(request.receive, BODY_LIMIT) or b"{}")
    await _changeable(request).load(request.path_params["name"], asked.parameters.version)
    return Response(b"{}", media_type="application/json")


@post("/v2/repository/models/{name:str}/unload", status_code=200)
async def unload(request: Call) -> Response[bytes]:
    """Stop serving a model; returns when its accepted requests are answered."""
    await read_body(request.receive, BODY_LIMIT)
    await _changeable(request).unload(request.path_params["name"])
    return Response(b"{}", media_type="application/json")


def _changeable(request: Call) -> Changes:
    """Return what loads and unloads. Raises `Conflict` where the repository alone decides."""
    context = context_of(request.scope)
    if context.settings.follow_seconds:
        raise Conflict("what is served follows the repository (follow_seconds): add or remove a version there")
    return context.control
