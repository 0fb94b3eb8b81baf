"""`GET /v1/models`: what is served."""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter

from models.bundle.aliases import ALIAS, NUMBER, InvalidVersion, parse_version
from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.described import problems
from service.api.schemas import Card, Models, Versions
from service.engine import Model
from service.errors import NotReady, UnknownModel

Name = Annotated[str, PathParameter(description="The model's name.", schema_extra={"examples": ["lstm"]})]
Version = Annotated[
    str,
    PathParameter(
        description="The version's number, or an alias of it.",
        schema_extra={"pattern": f"^({NUMBER}|{ALIAS})$", "examples": [1]},
    ),
]


@get("/v1/models", responses=problems())
async def models(context: Context) -> Models:
    """Return the card of every served version of every model."""
    return Models(models=[card(context, model) for model in context.catalog])


@get("/v1/models/{name:str}", responses=problems(UnknownModel, NotReady))
async def model_versions(name: Name, context: Context) -> Versions:
    """Return the card of every served version of one model, the newest first."""
    return Versions(name=name, versions=[card(context, model) for model in context.catalog.versions_of(name)])


@get("/v1/models/{name:str}/versions/{version:str}", responses=problems(UnknownModel, NotReady))
async def model_version(name: Name, version: Version, context: Context) -> Card:
    """Return the card of one served version."""
    return card(context, context.catalog.find(name, version_of(version)))


def version_of(text: str | None) -> int | str | None:
    """Return the number or the alias in an address. Raises `UnknownModel` for what is neither."""
    try:
        return parse_version(text)
    except InvalidVersion as error:
        raise UnknownModel(str(error)) from None


def card(context: AppContext, model: Model) -> Card:
    """Return what a client may know of a served version."""
    return Card(
        **{name: value for name, value in model.bundle.manifest if name in Card.model_fields},
        aliases=list(context.catalog.aliases_of(model.name, model.version)),
        default=context.catalog.default() is model,
        max_words=context.settings.max_words,
        sha256=model.bundle.sha256,
    )
