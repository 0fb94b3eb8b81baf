"""`/v2/repository`: what is there, load it, unload it (the extension `model_repository`)."""

import asyncio

from litestar import post
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict

from models.bundle.aliases import VersionName
from service.api.bodies import Bodies
from service.api.context import AppContext
from service.api.dependencies import Call, Context
from service.api.described import OptionalBody, open_inference_errors
from service.api.routes.models import Name
from service.errors import Conflict, NotReady, TooLarge, UnknownModel
from service.inference.follow import Changes
from service.inference.model_states import ModelState

SHORT = {"read_body": Bodies.read_short}


class IndexRequest(BaseModel):
    """Which versions to list: all, or those that are ready."""

    model_config = ConfigDict(strict=True)

    ready: bool = False


class LoadParameters(BaseModel):
    """Which version to load; the newest valid one where left out."""

    model_config = ConfigDict(extra="ignore", strict=True)

    version: VersionName | None = None


class LoadRequest(BaseModel):
    """What to load; the body may be empty."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"parameters": {"version": 2}}]})

    parameters: LoadParameters = LoadParameters()


EVERY_VERSION, NEWEST = IndexRequest(), LoadRequest()


class Done(BaseModel):
    """Nothing: it is done."""


@post(
    "/v2/repository/index",
    status_code=200,
    responses=open_inference_errors(TooLarge),
    operation_class=OptionalBody,
    opt=SHORT,
)
async def index(context: Context, data: JSONBody[IndexRequest] = EVERY_VERSION) -> list[ModelState]:
    """Return every version in the repository with its state, and the reason where it is not served."""
    states = await asyncio.to_thread(context.catalog.states)
    return [state for state in states if state.state == "READY" or not data.ready]


@post(
    "/v2/repository/models/{name:str}/load",
    status_code=200,
    responses=open_inference_errors(TooLarge, UnknownModel, Conflict, NotReady),
    operation_class=OptionalBody,
    opt=SHORT,
)
async def load(name: Name, context: Context, data: JSONBody[LoadRequest] = NEWEST) -> Done:
    """Serve the newest valid version, or the one asked for, in place of what is served; returns when all do."""
    await _changes(context).load(name, data.parameters.version)
    return Done()


@post(
    "/v2/repository/models/{name:str}/unload",
    status_code=200,
    responses=open_inference_errors(TooLarge, UnknownModel, Conflict, NotReady),
    opt=SHORT,
)
async def unload(name: Name, context: Context, request: Call) -> Done:
    """Stop serving a model; returns when its accepted requests are answered."""
    await request.body()
    await _changes(context).unload(name)
    return Done()


def _changes(context: AppContext) -> Changes:
    """Return what loads and unloads. Raises `Conflict` where the repository alone decides."""
    if context.settings.follow_seconds:
        raise Conflict("what is served follows the repository (follow_seconds): add or remove a version there")
    return context.control
