"""What `manifest.json` says of a bundle: the contract between the stage that writes it and the one that reads it."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AllowInfNan, BaseModel, ConfigDict, Field, model_validator

from models.network.equations import Cell
from models.network.pooling import Pooling
from models.network.state import StateTensor, state_tensors
from models.text.words import MAX_WORDS, PAD, UNK

SCHEMA_VERSION = 1
MOST_LAYERS, MOST_GOLDEN = 16, 64
MOST_FILE_BYTES = 1 << 31
"""What one file may take: as much as an ONNX file can."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Count = Annotated[int, Field(ge=0, le=1 << 53)]
"""A number of things that JSON and Prometheus can hold."""

_PLAIN_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def _inside(path: str) -> str:
    if not _PLAIN_PATH.fullmatch(path):
        raise ValueError(f"{path!r} leaves the bundle's folder, or is no plain name")
    return path


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class File(_Frozen):
    """Size in bytes and hash of one file of the bundle."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0, le=MOST_FILE_BYTES)]


class Interval(_Frozen):
    """A 95 % confidence interval."""

    low: float
    high: float


class Metrics(_Frozen):
    """How well the model does on one split; `f1` is the mean over labels, `calibration_error` of 15 equal-mass bins.

    `auc` is NaN where all rows have the same label. `calibration_by_chance` is the calibration error to be expected of
    so few rows if every confidence is true; bundles made before it was measured have none.
    """

    rows: Count
    accuracy: float
    accuracy_interval: Interval
    f1: float
    auc: Annotated[float, AllowInfNan(True)]
    log_loss: float
    calibration_error: float
    calibration_by_chance: float | None = None


class Capability(_Frozen):
    """How many of the test sentences of one capability, such as "not good", a model judges right."""

    sentences: Annotated[int, Field(ge=1)]
    right: Annotated[int, Field(ge=0)]

    @property
    def share(self) -> float:
        """The share judged right, 0 to 1."""
        return self.right / self.sentences


class Answered(_Frozen):
    """The share of reviews that are answered when a model abstains, and how many of these answers are right."""

    share: Annotated[float, Field(ge=0, le=1)]
    accuracy: Annotated[float, Field(ge=0, le=1)] | None


class Abstain(_Frozen):
    """An answer of less confidence than `below` is uncertain; the others were right at `accuracy` on validation.

    `answered` says by split what that leaves.
    """

    accuracy: Annotated[float, Field(ge=0, le=1)]
    below: Annotated[float, Field(ge=0, le=1)]
    answered: dict[str, Answered]


class Histogram(_Frozen):
    """Counts between edges: `counts[i]` values lie in `[edges[i], edges[i + 1])`, the last edge included."""

    edges: tuple[float, ...]
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError(f"{len(self.edges)} edges for {len(self.counts)} counts")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise ValueError("the edges of a histogram must rise")
        if not any(self.counts):
            raise ValueError("a histogram of nothing")
        return self


class Reference(_Frozen):
    """What the validation reviews look like to the model, for drift: how many words, unknown words, which answers."""

    words: Histogram
    unknown_rate: Histogram
    confidence: Histogram
    labels: dict[str, Count]


class CorpusFacts(_Frozen):
    """What `corpus.safetensors` holds: reviews of `source`, their words in all, and whether their texts are there."""

    source: str
    reviews: Annotated[int, Field(ge=1)]
    words: Annotated[int, Field(ge=1)]
    texts: bool


class Golden(_Frozen):
    """One answer to be repeated at every load: text, its ids, the logits that the graph gave when it was made."""

    text: str
    ids: Annotated[tuple[int, ...], Field(min_length=1, max_length=MAX_WORDS)]
    logits: tuple[float, ...]


class Split(_Frozen):
    """One split of the data: rows, and a hash over its rows that does not depend on their order."""

    rows: int
    fingerprint: str


class Data(_Frozen):
    """What the model has learnt from."""

    name: str
    source: str
    licence: str
    split_rule: str
    splits: dict[str, Split]
    duplicates: int
    overlap: int


class Provenance(_Frozen):
    """How the bundle was made; `lessons` is how many texts of each kind the network learnt from."""

    created: str
    command: str
    git_commit: str | None
    seed: int
    libraries: dict[str, str]
    settings: dict[str, str | int | float | bool | None]
    lessons: dict[str, int] = {}
    seconds_to_train: float
    epochs: int


class Manifest(_Frozen):
    """`manifest.json`: everything that is known of a bundle, and the hash of every other file in it.

    `modifiers` has, by word (such as "not") and by place around it, what it multiplies the contrast of praise and blame
    by.
    """

    schema_version: Literal[1] = 1
    name: Name
    version: Annotated[int, Field(ge=1)]
    cell: Cell
    vocabulary_size: Annotated[int, Field(ge=2)]
    embedding_size: Annotated[int, Field(ge=1)]
    hidden_size: Annotated[int, Field(ge=1)]
    layers: Annotated[int, Field(ge=1, le=MOST_LAYERS)]
    pooling: Pooling
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    temperature: Annotated[float, Field(gt=0)]
    special_ids: dict[str, int]
    states: tuple[StateTensor, ...]
    parameters: Count
    data: Data
    metrics: dict[str, Metrics]
    behaviour: dict[str, Capability] = {}
    modifiers: dict[str, dict[str, float]] = {}
    abstain: Abstain | None = None
    corpus: CorpusFacts | None = None
    reference: Reference
    golden: Annotated[tuple[Golden, ...], Field(min_length=1, max_length=MOST_GOLDEN)]
    provenance: Provenance
    files: dict[Annotated[str, AfterValidator(_inside)], File]

    def abstains(self, probabilities: Iterable[float]) -> bool | None:
        """Return whether an answer of these probabilities is uncertain, None where the model can't say."""
        return None if self.abstain is None else max(probabilities) < self.abstain.below

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("a label stands twice in `labels`")
        if self.states != state_tensors(self.cell, self.pooling, self.layers, self.hidden_size):
            raise ValueError("`states` are not those of this cell and pooling")
        if self.special_ids != {"pad": PAD, "unk": UNK}:
            raise ValueError("`special_ids` are not those of padding and the unknown word")
        if self.reference.labels.keys() != set(self.labels):
            raise ValueError("`reference.labels` are not those of `labels`")
        for golden in self.golden:
            if (
                len(golden.logits) != len(self.labels)
                or not 0 <= min(golden.ids) <= max(golden.ids) < self.vocabulary_size
            ):
                raise ValueError("a golden vector does not fit the labels or the vocabulary")
        return self
