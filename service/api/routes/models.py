"""`GET /v1/models`: what is served."""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter

from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.described import problems
from service.api.schemas import Card, Models, Versions
from service.engine import Model
from service.errors import NotReady, UnknownModel

Name = Annotated[str, PathParameter(description="The model's name.", schema_extra={"examples": ["lstm"]})]
Version = Annotated[
    int, PathParameter(description="The version's number.", schema_extra={"minimum": 1, "examples": [1]})
]


@get("/v1/models", responses=problems())
async def models(context: Context) -> Models:
    """Return the card of every served version of every model."""
    return Models(models=[card(context, model) for model in context.catalog])


@get("/v1/models/{name:str}", responses=problems(UnknownModel, NotReady))
async def model_versions(name: Name, context: Context) -> Versions:
    """Return the card of every served version of one model, the newest first."""
    return Versions(name=name, versions=[card(context, model) for model in context.catalog.versions_of(name)])


@get("/v1/models/{name:str}/versions/{version:int}", responses=problems(UnknownModel, NotReady))
async def model_version(name: Name, version: Version, context: Context) -> Card:
    """Return the card of one served version."""
    return card(context, context.catalog.find(name, version))


def card(context: AppContext, model: Model) -> Card:
    """Return what a client may know of a served version."""
    manifest = model.bundle.manifest
    return Card(
        name=manifest.name,
        version=manifest.version,
        default=model.name == context.catalog.default_name() and context.catalog.find() is model,
        cell=manifest.cell,
        embedding_size=manifest.embedding_size,
        hidden_size=manifest.hidden_size,
        layers=manifest.layers,
        pooling=manifest.pooling,
        labels=list(manifest.labels),
        vocabulary_size=manifest.vocabulary_size,
        parameters=manifest.parameters,
        temperature=manifest.temperature,
        max_words=context.settings.max_words,
        sha256=model.bundle.sha256,
        metrics=manifest.metrics,
        behaviour=manifest.behaviour,
        modifiers=manifest.modifiers,
        abstain=manifest.abstain,
        corpus=manifest.corpus,
        data=manifest.data,
        provenance=manifest.provenance,
    )
