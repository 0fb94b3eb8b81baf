"""The same predictions in the shapes of other servers, so that what speaks to them needs no change.

| address | as |
|---|---|
| `POST /predict` | text-embeddings-inference |
| `POST /classify` | vLLM |
| `POST /invocations` | MLflow |
| `POST /v1/models/{name}:predict` | TensorFlow Serving, KServe's first protocol |
"""

import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import uuid4

from litestar import post
from litestar.connection import ASGIConnection
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.api.bodies import Bodies
from service.api.context import AppContext
from service.api.dependencies import Call, Context, Deadline
from service.api.described import problems
from service.api.http import WhileConnected, is_counted
from service.api.routes.models import Name
from service.api.schemas import RequestBody
from service.engine import Model
from service.errors import READS_TEXT, NoWords, TooLarge, too_large
from service.inference.map_bounded import map_bounded
from service.inference.prediction import Prediction

VERB = ":predict"
MANY = {"read_body": Bodies.read_batch}
TEXT = "An amazing cast, and a story that stays with you."


class Ranking(RequestBody):
    """What Hugging Face's client adds: how many labels to send, the most probable first."""

    top_k: Annotated[int | None, Field(ge=1)] = None
    function_to_apply: Literal["softmax"] | None = None


class Inputs(RequestBody):
    """What text-embeddings-inference takes: a text, or a list of lists of one text each; a pair has no meaning here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"inputs": TEXT}, {"inputs": [[TEXT], ["Dull."]]}]})

    inputs: str | list[Annotated[list[str], Field(min_length=1, max_length=1)]]
    truncate: bool | None = None
    truncation_direction: Annotated[str | None, Field(pattern="^[Rr]ight$")] = None
    raw_scores: Literal[False] | None = None
    parameters: Ranking | None = None


class Score(BaseModel):
    """A label and its probability."""

    score: float
    label: str


class ClassifyRequest(RequestBody):
    """What vLLM takes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"input": [TEXT, "Dull."], "model": "lstm"}]})

    input: str | list[str]
    model: str | None = None


class Classified(BaseModel):
    """What vLLM says of one text: `probs` stand in the order of the model's labels."""

    index: int
    label: str
    probs: list[float]
    num_classes: int


class Usage(BaseModel):
    """How many words were read."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int = 0


class ClassifyAnswer(BaseModel):
    """What vLLM answers."""

    id: str
    object: Literal["list"] = "list"
    created: int
    model: str
    data: list[Classified]
    usage: Usage


class TextInstance(RequestBody):
    """A text as a named input."""

    text: str


class SplitTable(RequestBody):
    """A table as pandas writes it with `orient="split"`: one column, `text`."""

    columns: tuple[Literal["text"]]
    data: list[tuple[str]]
    index: list[Any] | None = None


class Invocation(RequestBody):
    """What MLflow takes: one of these."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dataframe_records": [{"text": TEXT}]}]})

    dataframe_split: SplitTable | None = None
    dataframe_records: list[TextInstance] | None = None
    instances: list[str | TextInstance] | None = None
    inputs: list[str] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Invocation":
        if len(self.model_fields_set) != 1:
            raise ValueError("one of dataframe_split, dataframe_records, instances and inputs is expected")
        return self

    @property
    def texts(self) -> list[str]:
        """The texts, in their order."""
        if self.dataframe_split is not None:
            return [text for (text,) in self.dataframe_split.data]
        return _texts(self.dataframe_records or self.instances or self.inputs or [])


class Instances(RequestBody):
    """What TensorFlow Serving takes."""

    instances: list[str | TextInstance]
    signature_name: Literal["serving_default"] | None = None


class Labelled(BaseModel):
    """A prediction where the shape leaves open what one is: `probabilities` in the order of the model's labels."""

    label: str
    probabilities: list[float]


class MlflowPredictions(BaseModel):
    """What MLflow and TensorFlow Serving answer."""

    predictions: list[Labelled]


@post("/predict", name="predict_inputs", status_code=200, opt=MANY, responses=problems(*READS_TEXT))
async def predict(data: JSONBody[Inputs], context: Context, deadline: Deadline, request: Call) -> list[Any]:
    """Classify a text, or many, as text-embeddings-inference does."""
    texts = [data.inputs] if isinstance(data.inputs, str) else [text for (text,) in data.inputs]
    said = await _predict(context, context.catalog.find(), texts, deadline, request)
    scores = [_scores(each, data.parameters) for each in said]
    alone = isinstance(data.inputs, str) and data.parameters is None  # Hugging Face's client reads a list of lists
    return scores[0] if alone else scores


@post("/classify", status_code=200, opt=MANY, responses=problems(*READS_TEXT))
async def classify(
    data: JSONBody[ClassifyRequest], context: Context, deadline: Deadline, request: Call
) -> ClassifyAnswer:
    """Classify a text, or many, as vLLM does."""
    model = context.catalog.find(data.model)
    texts = [data.input] if isinstance(data.input, str) else data.input
    said = await _predict(context, model, texts, deadline, request)
    found = [_classified(number, each) for number, each in enumerate(said)]
    words = sum(each.words for each in said)
    usage = Usage(prompt_tokens=words, total_tokens=words)
    return ClassifyAnswer(
        id=f"classify-{uuid4().hex}", created=int(time.time()), model=model.name, data=found, usage=usage
    )


@post("/invocations", status_code=200, opt=MANY, responses=problems(*READS_TEXT))
async def invocations(
    data: JSONBody[Invocation], context: Context, deadline: Deadline, request: Call
) -> MlflowPredictions:
    """Classify texts as MLflow does."""
    return _labelled(await _predict(context, context.catalog.find(), data.texts, deadline, request))


def asks_to_predict(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Raise `MethodNotAllowedException`, before a body is read, for a POST to a model's card."""
    if not connection.path_params["name"].endswith(VERB):
        raise MethodNotAllowedException(headers={"Allow": "GET, OPTIONS"})


@post("/v1/models/{name:str}", guards=[asks_to_predict], status_code=200, opt=MANY, responses=problems(*READS_TEXT))
async def predict_instances(
    name: Name, data: JSONBody[Instances], context: Context, deadline: Deadline, request: Call
) -> MlflowPredictions:
    """Classify texts as TensorFlow Serving does.

    No router knows `{name}:predict`, so `name` is all of it.
    """
    model = context.catalog.find(name.removesuffix(VERB))
    return _labelled(await _predict(context, model, _texts(data.instances), deadline, request))


async def _predict(
    context: AppContext, model: Model, texts: Sequence[str], deadline: float, request: Call
) -> list[Prediction]:
    """Return the predictions of texts in their order. Raises `TooLarge`, and errors that say which text."""
    if len(texts) > context.settings.max_batch_rows:
        raise too_large("a request", context.settings.max_batch_rows, "texts")

    async def one(number: int, text: str) -> Prediction:
        try:
            return await context.predictor.predict(model, text, deadline=deadline, counted=is_counted(request.scope))
        except (NoWords, TooLarge) as error:
            raise type(error)(f"text {number}: {error.detail}") from None

    with WhileConnected(request.receive):
        return await map_bounded(texts, one)


def _texts(named: Sequence[str | TextInstance]) -> list[str]:
    return [each if isinstance(each, str) else each.text for each in named]


def _scores(said: Prediction, ranking: Ranking | None) -> list[Score]:
    ranked = sorted(said.probabilities.items(), key=lambda item: -item[1])
    most = None if ranking is None else ranking.top_k
    return [Score(score=score, label=label) for label, score in ranked[:most]]


def _classified(number: int, said: Prediction) -> Classified:
    probabilities = [*said.probabilities.values()]
    return Classified(index=number, label=said.label, probs=probabilities, num_classes=len(probabilities))


def _labelled(said: Sequence[Prediction]) -> MlflowPredictions:
    return MlflowPredictions(
        predictions=[Labelled(label=each.label, probabilities=[*each.probabilities.values()]) for each in said]
    )
