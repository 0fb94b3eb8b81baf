"""What a trace is asked for: the request as it is parsed."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.bundle.aliases import VersionName
from service.tracing.trace import Part

Tensor = Literal["hidden", "cell", "forget", "input", "candidate", "output", "reset", "update"]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class TensorSelection(_Request):
    """Which tensors, layers, units and steps of a trace to send; what is left out is stated in `omitted_share`.

    `names`: all of the cell's where not given. `layers`: all where not given. `units`: the `top` ones of the trace,
    `all`, or a list of indices. Steps `from` (included) to `to` (excluded), every `stride`-th.
    """

    names: tuple[Tensor, ...] | None = None
    layers: tuple[Count, ...] | None = None
    units: Literal["top", "all"] | tuple[Count, ...] = "top"
    first: Count = Field(default=0, alias="from")
    to: Positive | None = None
    stride: Positive = 1


class TraceRequest(_Request):
    """What to trace: a text, a model, the parts wanted beside the default ones, and the pair of labels explained.

    `target`: `[first, second]` explains the logit of `first` minus that of `second`; a single label, that label
    against the mean of the others. Without it: the second label minus the first where there are two, else the top
    label minus the runner-up. `units`: how many of the units that mattered most are detailed. `half`: in msgpack,
    arrays of 10,000 values and more come in half precision, enough for a picture.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Not good, but I liked it.", "model": "lstm"}]})

    text: str
    model: str | None = None
    version: VersionName | None = None
    target: str | tuple[str, str] | None = None
    include: frozenset[Part] = frozenset()
    units: Positive = 16
    tensors: TensorSelection = TensorSelection()
    half: bool = False
