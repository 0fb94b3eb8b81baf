"""The smallest change of words that turns a verdict: words taken out, turned into their opposites, or denied.

First every change of one word is tried, of the words that brought most to the answer; where none turns it, the change
that went furthest is kept and another word is changed as well. The texts run behind predictions and are not counted.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from models.bundle.aliases import VersionName
from models.network.equations import Array
from models.text.pattern import fold
from models.text.words import spans
from models.trace.analysis import Analysis
from models.trace.target import Target
from service.engine import Model
from service.errors import NoWords
from service.inference.map_bounded import map_bounded
from service.inference.predict import Predictor, Reading
from service.tracing.executor import TraceExecutor
from service.tracing.opposites import OPPOSITES

WORDS = 24
"""Words that are changed: of each at most three changes, so that a round reads at most 72 texts."""

ROUNDS = 4
SHOWN = 6


class CounterfactualRequest(BaseModel):
    """The text whose verdict is to be turned."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"text": "Not good, but I liked it."}]},
    )

    text: str
    model: str | None = None
    version: VersionName | None = None


class WordChange(BaseModel):
    """`text[start:end]`, in code points of the text as asked, becomes `instead`; before a word where it is empty."""

    start: int
    end: int
    instead: str


class Counterfactual(BaseModel):
    """A text with another verdict, and what was changed in it."""

    text: str
    label: str
    probabilities: dict[str, float]
    changes: list[WordChange]


class Counterfactuals(BaseModel):
    """The smallest changes that turn the answer `label`, the surest first; `tried` is how many texts were read for it.

    `turned` is empty where no change of at most four words was found.
    """

    model: str
    version: int
    label: str
    tried: int
    turned: list[Counterfactual]


class _Change(NamedTuple):
    """One word changed: number `word` of the text."""

    word: int
    start: int
    end: int
    instead: str


class _Tried(NamedTuple):
    changes: tuple[_Change, ...]
    text: str
    probabilities: Array


class CounterfactualSearch:
    """Looks for what turns the verdicts of one engine's models."""

    def __init__(self, predictor: Predictor, executor: TraceExecutor) -> None:
        self._predictor, self._executor = predictor, executor

    async def search(self, model: Model, text: str, deadline: float | None = None) -> Counterfactuals:
        """Return the smallest changes found that turn the verdict on `text`. Raises what `Predictor.read` raises."""
        reading = await self._predictor.read(model, text, deadline=deadline, traced=True, counted=False)
        answer = int(reading.answer.probabilities.argmax())
        words = await self._executor.run(lambda: _most_for(model, reading))
        places = spans(text, len(reading.encoded.ids), model.bundle.vocabulary.pattern)
        singles = [change for word in words for change in _changes(text, places[word], word)]
        kept: tuple[_Change, ...] = ()
        tried, turned = 0, list[_Tried]()
        for _ in range(ROUNDS):
            done = {change.word for change in kept}
            sets = [(*kept, change) for change in singles if change.word not in done]
            found = await self._read(model, text, sets, deadline)
            tried += len(found)
            turned = [one for one in found if one.probabilities.argmax() != answer]
            if turned or not found:
                break
            kept = min(found, key=lambda one: float(one.probabilities[answer])).changes
        turned.sort(key=lambda one: float(one.probabilities[answer]))
        return _answer(model, answer, tried, turned[:SHOWN])

    async def _read(
        self, model: Model, text: str, sets: Sequence[tuple[_Change, ...]], deadline: float | None
    ) -> list[_Tried]:
        """Return what the model says of the text with each set of changes; one that leaves no word is left out."""

        async def read(_: int, changes: tuple[_Change, ...]) -> _Tried | None:
            changed = _changed(text, changes)
            try:
                ids = self._predictor.limits.encode(model.bundle.vocabulary, changed).ids
            except NoWords:
                return None
            answer = await self._predictor.engine.submit(model, ids, deadline=deadline, background=True)
            return _Tried(changes, changed, answer.probabilities)

        return [one for one in await map_bounded(sets, read) if one is not None] if sets else []


def _most_for(model: Model, reading: Reading) -> list[int]:
    """Return the words that brought most to the answer against the runner-up, the most first."""
    answer = reading.answer
    assert answer.hidden is not None
    runner_up, top = np.argsort(answer.logits, kind="stable")[-2:].tolist()
    ids, weights = reading.encoded.ids, model.bundle.weights
    shares = Analysis(weights, ids, answer.hidden, answer.logits, Target(top, runner_up)).deep.words
    order = np.argsort(-shares, kind="stable")[:WORDS]
    return [int(word) for word in order if shares[word] > 0]


def _changes(text: str, place: tuple[int, int], word: int) -> list[_Change]:
    """Return what may become of a word: nothing, its opposite, or the word denied."""
    start, end = place
    opposite = OPPOSITES.get(fold(text[start:end]))
    if opposite is None:
        return [_Change(word, start, end, "")]
    instead = opposite.capitalize() if text[start].isupper() else opposite
    return [_Change(word, start, end, ""), _Change(word, start, end, instead), _Change(word, start, start, "not ")]


def _changed(text: str, changes: Sequence[_Change]) -> str:
    """Return the text with the changes; with a word that goes goes the space before it."""
    for _, start, end, instead in sorted(changes, key=lambda change: -change.start):
        before = text[:start]
        text = (before.removesuffix(" ") if end > start and not instead else before) + instead + text[end:]
    return text


def _answer(model: Model, answer: int, tried: int, turned: Sequence[_Tried]) -> Counterfactuals:
    manifest = model.bundle.manifest
    texts = [
        Counterfactual(
            text=one.text,
            label=manifest.labels[int(one.probabilities.argmax())],
            probabilities=dict(zip(manifest.labels, one.probabilities.tolist(), strict=True)),
            changes=[WordChange(start=change.start, end=change.end, instead=change.instead) for change in one.changes],
        )
        for one in turned
    ]
    return Counterfactuals(
        model=manifest.name, version=manifest.version, label=manifest.labels[answer], tried=tried, turned=texts
    )
