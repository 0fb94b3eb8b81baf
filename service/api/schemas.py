"""What goes over the wire: every body of `/v1`, with the examples that `/schema` shows."""

from codecs import BOM_UTF8
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from models.bundle.aliases import VersionName
from models.bundle.manifest import Abstain, Capability, CorpusFacts, Data, Metrics, Provenance
from models.network.equations import Cell
from models.network.pooling import Pooling
from models.trace.strongest import MOST_STRONGEST
from service.api.bounded_json import MOST_VALUES, check_values
from service.errors import Malformed
from service.inference.model_states import ModelState
from service.inference.prediction import EXAMPLE as PREDICTION
from service.inference.prediction import Prediction
from service.inference.state_token import MOST_CHARACTERS

TEXT = "Amazing! This box of cereal gave me a perfectly balanced breakfast, as all things should be."
PROBLEM: dict[str, Any] = {
    "type": "urn:gatescope:problem:no-words",
    "title": "The text has no words",
    "status": 422,
    "detail": "the text is empty, or only white space and markup",
}


MOST_ERRORS = 100
"""Wrong fields up to which the first one is named: to tell it, all are written down."""

Body = TypeVar("Body", bound=BaseModel)


class RequestBody(BaseModel):
    """What a client sends: no field that is not known, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ReviewRequest(RequestBody):
    """One review to be classified."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": TEXT}, {"text": TEXT, "model": "gru"}]})

    text: Annotated[str, Field(description="the review; markup such as <br /> is skipped")]
    model: Annotated[str | None, Field(description="name of a served model; the default model where left out")] = None
    version: Annotated[
        VersionName | None, Field(description="a served version, or an alias of one; the newest where left out")
    ] = None


class TextPart(ReviewRequest):
    """A review, or a part of one: `state` is where an earlier request left it, which then names the model."""

    state: Annotated[
        str | None, Field(max_length=MOST_CHARACTERS, description="the `state` of the answer to the part before")
    ] = None
    return_state: Annotated[bool, Field(description="whether the answer has the state at the end of the text")] = False


class PartPrediction(Prediction):
    """What a model says of all parts so far."""

    state: Annotated[
        str | None, Field(description="where it is asked for, the state at their end, to be sent with the next part")
    ] = None


class CompareRequest(RequestBody):
    """One review to be classified by every model."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": TEXT}]})

    text: Annotated[str, Field(description="the review")]


Count = Annotated[int, Field(ge=0)]


class StreamMessage(BaseModel):
    """A message to `/v1/stream`: what is typed next, behind the text or in place of a part of it.

    The first may name the model and say how many of the strongest words to follow; `end` ends the text.
    """

    model_config = ConfigDict(extra="forbid")

    text: str = ""
    replace: tuple[Count, Count] | None = None
    end: bool = False
    look: bool = False
    strongest: Annotated[int, Field(ge=0, le=MOST_STRONGEST)] = 0
    model: str | None = None
    version: VersionName | None = None


class BatchRows(RootModel[list[ReviewRequest | str | Any]]):
    """Reviews to be classified: each as for `/v1/predict`, or only its text; anything else is answered by an error."""

    model_config = ConfigDict(json_schema_extra={"examples": [[TEXT, {"text": "Dull.", "model": "gru"}]]})


class Comparison(BaseModel):
    """What every ready model says of the same review, by model name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"predictions": [PREDICTION, PREDICTION | {"model": "rnn"}]}]}
    )

    predictions: list[Prediction]


class ProblemDetails(BaseModel):
    """An error as RFC 9457 writes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM]})

    type: str
    title: str
    status: int
    detail: str


class OpenInferenceError(BaseModel):
    """An error as the Open Inference Protocol writes it."""

    error: str


class RowError(BaseModel):
    """A row of a batch that can't be classified; `row` counts from 0."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"row": 1, "error": PROBLEM}]})

    row: int
    error: ProblemDetails


class BatchAnswers(RootModel[list[Prediction | RowError]]):
    """An answer for every row, in their order."""


class Card(BaseModel):
    """A served model: how it is built, what it has learnt from, how well it does."""

    name: str
    version: int
    aliases: Annotated[list[str], Field(description="other names of this version, as in aliases.json")]
    default: Annotated[bool, Field(description="whether it answers requests that name no model")]
    cell: Cell
    embedding_size: int
    hidden_size: int
    layers: int
    pooling: Pooling
    labels: list[str]
    vocabulary_size: int
    parameters: int
    temperature: float
    max_words: Annotated[int, Field(description="words read of a text")]
    sha256: Annotated[str, Field(description="hash of the manifest, which holds the hash of every other file")]
    metrics: dict[str, Metrics]
    behaviour: Annotated[dict[str, Capability], Field(description="sentences that test reading, judged right")]
    modifiers: Annotated[
        dict[str, dict[str, float]],
        Field(description="by word and place around it, what it multiplies praise and blame by"),
    ]
    abstain: Annotated[
        Abstain | None, Field(description="below which confidence it abstains, and what is left of each split")
    ]
    corpus: Annotated[CorpusFacts | None, Field(description="the reviews that its units are searched over")]
    data: Data
    provenance: Provenance


class Models(BaseModel):
    """Every served version of every model."""

    models: list[Card]


class Versions(BaseModel):
    """Every served version of one model, the newest first."""

    name: str
    versions: list[Card]


class Readiness(BaseModel):
    """Whether requests should be sent here, and the state of every model."""

    ready: bool
    reason: str
    models: list[ModelState]


class Liveness(BaseModel):
    """Whether the process works at all; stays true while it drains."""

    live: bool


class ServerMetadata(BaseModel):
    """The server, as the Open Inference Protocol describes it."""

    name: str
    version: str
    extensions: list[str]


class ModelReady(BaseModel):
    """A model that is served."""

    name: str
    ready: bool


class OpenInferenceReadiness(BaseModel):
    """Whether requests should be sent here, and why not."""

    ready: bool
    error: str | None = None


def parse(kind: type[Body], content: bytes, most: int = MOST_VALUES) -> Body:
    """Return a request body of at most `most` values as `kind`; a byte order mark before it is passed over.

    Raises `TooLarge`, and `Malformed` that names the field, without what was in it.
    """
    check_values(content, most)
    try:
        return kind.model_validate_json(content.removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise malformed(error) from None


def malformed(error: ValidationError) -> Malformed:
    """Return the error that names the first wrong field, without what was in it."""
    if error.error_count() > MOST_ERRORS:
        return Malformed(f"{error.error_count()} fields are wrong or not known")
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part)[:64] for part in first["loc"])
    return Malformed(f"{place}: {first['msg']}" if place else first["msg"])
