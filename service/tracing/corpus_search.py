"""Answers out of the corpus that a bundle carries, on the traces' thread."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from models.bundle.files import Bundle
from models.corpus.corpus_file import Corpus
from models.corpus.places import Place, UnitOn, extremes, similar, units_on
from models.corpus.slices import Slice, slices
from models.corpus.unit_statistics import UnitStatistics, unit_statistics, weight_of_units
from models.network.equations import Array
from models.text.words import spans
from service.engine import Model
from service.errors import NotInModel
from service.inference.predict import Predictor
from service.tracing.corpus_answers import (
    BlamedWord,
    CorpusPlace,
    CorpusSlice,
    CorpusSlices,
    CorpusUnit,
    CorpusUnits,
    PhraseUnit,
    SimilarPlaces,
    SimilarRequest,
    UnitPlaces,
)
from service.tracing.executor import TraceExecutor

PLACES = 12
"""Places of a unit, reviews and words of a slice."""

Found = TypeVar("Found")

statistics = lru_cache(maxsize=4)(unit_statistics)
"""Of a corpus, worked out when it is first asked for."""


class CorpusSearch:
    """Searches the corpora of one engine's models."""

    def __init__(self, predictor: Predictor, executor: TraceExecutor) -> None:
        self._predictor, self._executor = predictor, executor

    async def units(self, model: Model) -> CorpusUnits:
        """Return every unit of a model over its corpus. Raises `NotInModel`, `Overloaded`."""
        return await self._of(model, _units)

    async def places(self, model: Model, unit: int) -> UnitPlaces:
        """Return where a unit is highest and lowest. Raises `NotInModel`, `Overloaded`."""
        _require_units(model.bundle, [unit])
        return await self._of(model, lambda bundle, corpus: _unit_places(bundle, corpus, unit))

    async def slices(self, model: Model) -> CorpusSlices:
        """Return the reviews by right label and answer. Raises `NotInModel`, `Overloaded`."""
        return await self._of(model, _slices)

    async def similar(
        self, model: Model, request: SimilarRequest, deadline: float | None = None, counted: bool = True
    ) -> SimilarPlaces:
        """Return the units that are on in a phrase, and where else they are.

        Raises `NotInModel`, `Overloaded`, and what `Predictor.read` raises.
        """
        _corpus(model.bundle)
        _require_units(model.bundle, request.units or ())
        reading = await self._predictor.read(model, request.text, deadline=deadline, traced=True, counted=counted)
        words, hidden = len(reading.encoded.ids), reading.answer.hidden
        if not request.first < request.to <= words:
            raise NotInModel(f"no words from {request.first} to {request.to}; the text has {words}")
        assert hidden is not None
        phrase = hidden[-1][request.first : request.to]
        return await self._of(model, lambda bundle, corpus: _similar(bundle, corpus, phrase, request))

    async def _of(self, model: Model, search: Callable[[Bundle, Corpus], Found]) -> Found:
        bundle, corpus = model.bundle, _corpus(model.bundle)
        return await self._executor.run(lambda: search(bundle, corpus))


def _corpus(bundle: Bundle) -> Corpus:
    if bundle.corpus is None:
        raise NotInModel("this version has no corpus; `gatescope index` makes one that has")
    return bundle.corpus


def _require_units(bundle: Bundle, units: tuple[int, ...] | list[int]) -> None:
    size = bundle.manifest.hidden_size
    unknown = next((unit for unit in units if not 0 <= unit < size), None)
    if unknown is not None:
        raise NotInModel(f"no unit {unknown}; there is 0 to {size - 1}")


def _units(bundle: Bundle, corpus: Corpus) -> CorpusUnits:
    known, manifest = statistics(corpus), bundle.manifest
    assert manifest.corpus is not None
    moves, toward = weight_of_units(bundle.weights, known.spread)
    units = [
        _unit(known, unit, float(moves[unit]), manifest.labels[toward[unit]]) for unit in (-moves).argsort().tolist()
    ]
    return CorpusUnits(model=manifest.name, version=manifest.version, units=units, **manifest.corpus.model_dump())


def _unit(known: UnitStatistics, unit: int, moves: float, toward: str) -> CorpusUnit:
    kept, half_life = float(known.kept[unit]), float(known.half_life[unit])
    return CorpusUnit(
        unit=unit,
        mean=float(known.mean[unit]),
        spread=float(known.spread[unit]),
        scale=float(known.scale[unit]),
        histogram=known.histogram[unit].tolist(),
        moves=moves,
        toward=toward,
        kept=None if math.isnan(kept) else kept,
        half_life=None if math.isnan(half_life) else half_life,
        nearest=known.nearest(unit),
        group=int(known.group[unit]),
    )


def _unit_places(bundle: Bundle, corpus: Corpus, unit: int) -> UnitPlaces:
    highest, lowest = ([_place(bundle, corpus, one) for one in found] for found in extremes(corpus, unit, PLACES))
    name, version = bundle.manifest.name, bundle.manifest.version
    return UnitPlaces(model=name, version=version, unit=unit, highest=highest, lowest=lowest)


def _similar(bundle: Bundle, corpus: Corpus, phrase: Array, request: SimilarRequest) -> SimilarPlaces:
    known = statistics(corpus)
    on: list[UnitOn] = units_on(phrase, known.mean, known.spread, request.units)
    found = similar(corpus, on, known.mean, known.spread, len(phrase), request.most)
    return SimilarPlaces(
        model=bundle.manifest.name,
        version=bundle.manifest.version,
        units=[PhraseUnit(unit=one.unit, hidden=one.hidden, above=one.above) for one in on],
        places=[_place(bundle, corpus, one) for one in found],
    )


def _slices(bundle: Bundle, corpus: Corpus) -> CorpusSlices:
    found = slices(corpus, bundle.vocabulary.pattern, PLACES)
    name, version = bundle.manifest.name, bundle.manifest.version
    return CorpusSlices(model=name, version=version, slices=[_slice(bundle, corpus, one) for one in found])


def _slice(bundle: Bundle, corpus: Corpus, found: Slice) -> CorpusSlice:
    labels = bundle.manifest.labels
    words = [BlamedWord(word=one.word, share=one.share, count=one.count) for one in found.words or ()]
    return CorpusSlice(
        label=labels[found.label],
        answer=labels[found.answer],
        count=found.count,
        reviews=[_whole(bundle, corpus, review) for review in found.reviews],
        words=words if found.words is not None else None,
    )


def _whole(bundle: Bundle, corpus: Corpus, review: int) -> CorpusPlace:
    """Return a review as a place: at the word that brought most to its answer."""
    words = corpus.words_of(review)
    shares = corpus.shares[words]
    word = int(shares.argmax())
    return _place(bundle, corpus, Place(review, word, 1, float(shares[word])))


def _place(bundle: Bundle, corpus: Corpus, place: Place) -> CorpusPlace:
    labels, answer = bundle.manifest.labels, int(corpus.answers[place.review])
    text = None if corpus.texts is None else corpus.texts[place.review]
    start, end = (None, None) if text is None else _offsets(bundle, text, place)
    return CorpusPlace(
        review=place.review,
        word=place.word,
        words=place.words,
        value=place.value,
        label=labels[corpus.targets[place.review]],
        answer=labels[answer],
        confidence=float(corpus.probabilities[place.review, answer]),
        fingerprint=corpus.fingerprints[place.review].tobytes().hex(),
        text=text,
        start=start,
        end=end,
    )


def _offsets(bundle: Bundle, text: str, place: Place) -> tuple[int, int]:
    """Return where the words of a place begin and end in their text, in code points."""
    found = spans(text, place.word + place.words, bundle.vocabulary.pattern)[place.word :]
    return (found[0][0], found[-1][1]) if found else (0, 0)
