"""The wire format of a trace: the request as it is parsed, the response as it is written.

Numbers of a response are nested lists in JSON (six significant digits); in msgpack each array is a `Packed`
little-endian buffer; in npz it is the name of an array in the archive. Everything is in temperature-scaled logits.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field

from models.network.equations import Cell, Pooling

SCHEMA = "trace/1"

Include = Literal["deep", "memory", "gradient", "occlusion", "interaction", "gates", "tensors"]
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
    label minus the runner-up. `units`: how many of the units that mattered most are detailed.
    """

    text: str
    model: str | None = None
    version: Positive | None = None
    target: str | tuple[str, str] | None = None
    include: frozenset[Include] = frozenset()
    units: Positive = 16
    tensors: TensorSelection = TensorSelection()


class Packed(Struct, frozen=True):
    """An array in msgpack: raw little-endian `data` in C order; `dtype` is `<f4`."""

    shape: list[int]
    dtype: str
    data: bytes


Numbers: TypeAlias = list[Any] | Packed | str
"""JSON: nested lists; msgpack: `Packed`; npz: the name of the array."""


class Model(Struct, frozen=True):
    """The model that answered. `conventions` say in words how its gates are to be read."""

    name: str
    version: int
    sha256: str
    cell: Cell
    layers: int
    hidden_size: int
    pooling: Pooling
    labels: list[str]
    conventions: dict[str, str]


class Word(Struct, frozen=True):
    """One word as typed: `text[start:end]` in code points; `oov` where the model does not know it."""

    text: str
    start: int
    end: int
    id: int
    oov: bool


class Target(Struct, frozen=True):
    """What is explained: the logit of `first` minus that of `second`; `second` is None for the mean of the others."""

    first: str
    second: str | None


class Verdict(Struct, frozen=True):
    """The verdict. `logit` is the target's, `bias` what it would be with nothing read; the ledger adds up to
    `logit - bias`.
    """

    label: str
    probabilities: dict[str, float]
    target: Target
    logit: float
    bias: float


class Running(Struct, frozen=True):
    """The prediction after each word, exact: `logit [T]` of the target, `p [T]` softmax probability of its first."""

    logit: Numbers
    p: Numbers


class Ledger(Struct, frozen=True):
    """Who made the verdict: `words [T]` and `bias` add up to the target's logit less the head's bias. `units [T, k]`
    are the shares of the selected units in them: in the deep ledger, of those by which a word's vector came in (null
    where the model has more than one layer: words come in by the first, the selected units are of the top one).

    `bias` is what the network's own biases made (deep ledger; 0 in the write ledger). `residual` is what is missing
    from the sum, `cancellation` the sum of |words| over |logit - bias|: above 10 the shares say little.
    """

    words: Numbers
    units: Numbers | None
    bias: float
    sum: float
    residual: float
    cancellation: float


class Ledgers(Struct, frozen=True):
    """`write`: what each step wrote that survived to the end (LSTM, GRU). `deep`: each word's vector alone."""

    write: Ledger | None
    deep: Ledger | None


class Units(Struct, frozen=True):
    """The top layer's units that mattered most, largest first: by the sum of their |shares| in the `write` ledger, or
    for an RNN by what the `head` read of them.

    `omitted` units are not detailed; `omitted_share` of all |shares| is theirs.
    """

    layer: int
    ranked_by: Literal["write", "head"]
    selected: list[int]
    omitted: int
    omitted_share: float


class Memory(Struct, frozen=True):
    """What word t (row) still contributed to the running logit at word tau (column), zero before it: columns add up to
    the running logit less the bias.

    Above 512 words `matrix` is averaged in blocks of `block` words: rows hold the sum of a block's words, columns the
    mean over a block's times. `retention`, of the same shape: share of what word t wrote that is still in the cell
    after word tau, to four decimals; in blocks, of all that a block's words wrote, after the last word of a block.
    `retained_at_end [T]`: that share of each word at the end; `half_life_words [k]`: of each selected unit (null: never
    halves).
    """

    matrix: Numbers
    block: int
    retention: Numbers
    retained_at_end: Numbers
    half_life_words: list[float | None]


class Gradient(Struct, frozen=True):
    """How strongly each earlier hidden state can still move the verdict: `norm [L, T]`, the Euclidean norm of the true
    gradient of the target's logit with respect to the hidden state of layer l after word t.
    """

    norm: Numbers


class Occlusion(Struct, frozen=True):
    """The independent check: `words [T]`, logit minus the logit with that word made unknown (`<unk>`)."""

    words: Numbers


class Interaction(Struct, frozen=True):
    """`words [T]`: occlusion minus the ledger `ledger`: what a word did through other words (negation, say)."""

    ledger: Literal["write", "deep"]
    words: Numbers


class Gates(Struct, frozen=True):
    """The cell at the cursor: the top layer's tensors, each `[T]`, a mean over units weighted by how much each unit
    mattered (the sum of its |shares|).
    """

    layer: int
    values: dict[str, Numbers]


class Tensors(Struct, frozen=True):
    """Selected tensors: `values` by name, each `[layer, t, unit]` over `layers`, `steps`, `units` (indices).

    `omitted_share` is the share of the trace's values (names, layers, steps, units) that is not here.
    """

    axes: list[str]
    layers: list[int]
    steps: list[int]
    units: list[int]
    omitted_share: float
    values: dict[str, Numbers]


class Checks(Struct, frozen=True):
    """The residuals of the trace's own equations.

    `reconstruction`: largest |hidden recomputed from the recovered gates - hidden of the network|. `running`: |last
    running logit - the network's|. `ledgers`: |residual| over the summed |contributions|, by ledger. `memory`: largest
    |column sum - (running logit - bias)| over the summed |contributions| of the last column, where it was asked for.
    """

    reconstruction: float
    running: float
    ledgers: dict[str, float]
    memory: float | None


class Trace(Struct, frozen=True):
    """One review as the network read it. A part that was not asked for, or that the cell does not have (`write` and
    `memory` of an RNN), is null.
    """

    schema: str
    model: Model
    words: list[Word]
    truncated: bool
    prediction: Verdict
    running: Running
    ledgers: Ledgers
    units: Units
    memory: Memory | None
    gradient: Gradient | None
    occlusion: Occlusion | None
    interaction: Interaction | None
    gates: Gates | None
    tensors: Tensors | None
    checks: Checks
    timing_ms: dict[str, float]
