"""What is asked of a model's corpus, and what comes back."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.text.words import MAX_WORDS

MOST_PLACES = 50

Count = Annotated[int, Field(ge=0)]


class SimilarRequest(BaseModel):
    """A phrase: the words `from` (included) to `to` (excluded) of a text; and the units that count, by number.

    Without `units`, those that stand furthest from their mean in the phrase.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        populate_by_name=True,
        json_schema_extra={"examples": [{"text": "Not good, but I liked it.", "from": 0, "to": 2}]},
    )

    text: str
    first: Count = Field(alias="from")
    to: Annotated[int, Field(ge=1, le=MAX_WORDS)]
    units: Annotated[tuple[Count, ...], Field(min_length=1)] | None = None
    most: Annotated[int, Field(ge=1, le=MOST_PLACES)] = 12


class CorpusPlace(BaseModel):
    """Words of a review of the corpus: `words` from word `word` on; `value` is what they were found by.

    `text[start:end]` are these words, in code points; null where the corpus has no texts. `fingerprint` begins the
    SHA-256 of the text.
    """

    review: int
    word: int
    words: int
    value: float
    label: str
    answer: str
    confidence: float
    fingerprint: str
    text: str | None
    start: int | None
    end: int | None


class CorpusUnit(BaseModel):
    """A unit of the top layer over the corpus; hidden states between `-scale` and `scale`.

    `moves` is how many logits one `spread` of it moves the verdict, toward the label `toward`. `kept` is what its gate
    keeps of its state a word, `half_life` the words after which half is left; null for a cell without such a gate.
    `nearest` are the units whose hidden state goes most with it, with the correlation. Units that are on, or off,
    together have the same `group`, 0 the largest.
    """

    unit: int
    mean: float
    spread: float
    scale: float
    histogram: list[int]
    moves: float
    toward: str
    kept: float | None
    half_life: float | None
    nearest: list[tuple[int, float]]
    group: int


class CorpusUnits(BaseModel):
    """Every unit of the top layer over the corpus, those first that move the verdict most."""

    model: str
    version: int
    source: str
    reviews: int
    words: int
    texts: bool
    units: list[CorpusUnit]


class UnitPlaces(BaseModel):
    """Where the hidden state of a unit is highest and lowest: one word a review, the furthest first."""

    model: str
    version: int
    unit: int
    highest: list[CorpusPlace]
    lowest: list[CorpusPlace]


class PhraseUnit(BaseModel):
    """A unit in the phrase: its mean hidden state, and how many spreads that is above its mean in the corpus."""

    unit: int
    hidden: float
    above: float


class SimilarPlaces(BaseModel):
    """The units that are on in the phrase, and where else they are: one place a review, the most alike first.

    A place's value is how much of what is on in the phrase is on there: 1 all of it, below 0 the opposite.
    """

    model: str
    version: int
    units: list[PhraseUnit]
    places: list[CorpusPlace]


class BlamedWord(BaseModel):
    """A word, small letters, in the reviews of a slice: what it brought to their answers in all, in logits."""

    word: str
    share: float
    count: int


class CorpusSlice(BaseModel):
    """The reviews with one right label and one answer, the most confident first, and the words that made the answer.

    `words` is null where the corpus has no texts.
    """

    label: str
    answer: str
    count: int
    reviews: list[CorpusPlace]
    words: list[BlamedWord] | None


class CorpusSlices(BaseModel):
    """Every review of the corpus by right label and answer; the right answers first."""

    model: str
    version: int
    slices: list[CorpusSlice]
