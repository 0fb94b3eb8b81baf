"""`/v1/models/{name}/...`: what a model does with the reviews that its bundle carries."""

from typing import Annotated

from litestar import get, post
from litestar.params import JSONBody, PathParameter

from service.api.dependencies import Call, Context, Counted, Deadline
from service.api.described import problems
from service.api.http import WhileConnected
from service.api.routes.models import Name
from service.errors import READS_TEXT, NotInModel, NotReady, Overloaded, UnknownModel
from service.tracing.corpus_answers import CorpusSlices, CorpusUnits, SimilarPlaces, SimilarRequest, UnitPlaces

Unit = Annotated[int, PathParameter(description="The unit's number, of the top layer.", schema_extra={"minimum": 0})]
ERRORS = problems(UnknownModel, NotReady, NotInModel, Overloaded)


@get("/v1/models/{name:str}/units", responses=ERRORS)
async def units(name: Name, context: Context) -> CorpusUnits:
    """Return what each unit does over the corpus: where it stands, what it goes with, how long it keeps."""
    model = context.catalog.find(name)
    with model:
        return await context.corpus.units(model)


@get("/v1/models/{name:str}/units/{unit:int}", responses=ERRORS)
async def unit_places(name: Name, unit: Unit, context: Context) -> UnitPlaces:
    """Return the words of the corpus at which a unit is highest and lowest."""
    model = context.catalog.find(name)
    with model:
        return await context.corpus.places(model, unit)


@get("/v1/models/{name:str}/slices", responses=ERRORS)
async def model_slices(name: Name, context: Context) -> CorpusSlices:
    """Return the reviews of the corpus by right label and answer, and the words behind each."""
    model = context.catalog.find(name)
    with model:
        return await context.corpus.slices(model)


@post("/v1/models/{name:str}/similar", status_code=200, responses=problems(*READS_TEXT, NotInModel))
async def similar(
    name: Name,
    data: JSONBody[SimilarRequest],
    context: Context,
    deadline: Deadline,
    counted: Counted,
    request: Call,
) -> SimilarPlaces:
    """Return the units that are on in a phrase of a text, and where else in the corpus they are."""
    model = context.catalog.find(name)
    with model, WhileConnected(request.receive):
        return await context.corpus.similar(model, data, deadline, counted)
