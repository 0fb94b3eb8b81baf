"""What a model says of a text."""

from html import escape
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from models.bundle.manifest import Manifest

EXAMPLE: dict[str, Any] = {
    "model": "lstm",
    "version": 1,
    "label": "fresh",
    "probabilities": {"fresh": 0.91, "rotten": 0.09},
    "words": 18,
    "unknown_rate": 0.0,
    "truncated": False,
    "abstain": False,
}


class Prediction(BaseModel):
    """What a model says of a review: the label is the one with the highest probability."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    model: str
    version: int
    label: str
    probabilities: Annotated[dict[str, float], Field(description="label to probability; they add up to 1")]
    words: Annotated[int, Field(description="how many words were read")]
    unknown_rate: Annotated[float, Field(description="share of these words that the model does not know, 0 to 1")]
    truncated: Annotated[bool, Field(description="whether the text had more words than are read")]
    abstain: Annotated[
        bool | None,
        Field(description="whether the answer is too unsure to rely on; null where the model's card has no `abstain`"),
    ]

    def _repr_html_(self) -> str:
        """Return the label and every probability, for a notebook."""
        shares = ", ".join(f"{escape(label)} {p:.1%}" for label, p in self.probabilities.items())
        cut = ", the rest is cut" if self.truncated else ""
        unsure = ", too unsure to rely on" if self.abstain else ""
        return f"<b>{escape(self.label)}</b> &nbsp; {shares} &nbsp; <small>{self.words} words{cut}{unsure}</small>"


class StrongWord(BaseModel):
    """A word of a text that is being typed, at `start` to `end` (code points).

    `share` is what it brings to the logit of the second label minus the first's, or of the label minus the runner-up
    where there are more than two; `left`, from 1 on down, how much of what it wrote is still in the network's memory.
    """

    word: str
    start: int
    end: int
    share: float
    left: float


class StreamedPrediction(Prediction):
    """What a model says of a text up to and with `word`, which stands at `start` to `end` (code points).

    `preview`: the word is still being typed. `strongest`: of the last word of an answer, and where it is asked for.
    """

    word: str
    start: int
    end: int
    preview: bool
    final: bool
    strongest: list[StrongWord] | None


def prediction_of(
    manifest: Manifest, probabilities: list[float], words: int, unknown: int, truncated: bool
) -> Prediction:
    """Return the prediction that `probabilities`, in the order of the labels, stand for; `unknown` of `words` > 0."""
    return Prediction.model_construct(
        model=manifest.name,
        version=manifest.version,
        label=manifest.labels[probabilities.index(max(probabilities))],
        probabilities=dict(zip(manifest.labels, probabilities, strict=True)),
        words=words,
        unknown_rate=unknown / words,
        truncated=truncated,
        abstain=manifest.abstains(probabilities),
    )
