"""Texts to labels: the seam that the files, the cluster and a remote service score through."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.bundle.files import Bundle
from models.bundle.open_session import open_session
from models.network.bulk import ROWS, run_group
from models.network.equations import Array, softmax
from models.network.padding import by_length
from models.reviews.columns import Unanswered
from models.text.words import Encoded, typed
from models.trace import Analysis, default_target
from service.errors import ServiceError
from service.inference.limits import TextLimits

Weighed = tuple[tuple[str, float], ...]
"""Words as typed, each with what it added to the target's logit; the largest first."""


class Scored(NamedTuple):
    """What a model says of a text: `probabilities` by label, in their order; `label` is the most probable one.

    `abstain` is whether that is too unsure to rely on, None where the model can't say.
    `ids [T]` are the words that were read; `hidden` the states after each, `[T, H]` a layer, where they are wanted.
    """

    label: str
    probabilities: Mapping[str, float]
    words: int
    unknown_rate: float
    truncated: bool
    abstain: bool | None = None
    top: Weighed = ()
    ids: NDArray[np.int64] | None = None
    hidden: tuple[Array, ...] = ()


Score = Callable[[Sequence[str]], Sequence[Scored | Unanswered]]
"""The answers to many texts, in order; the same texts in the same order get the same answers."""


class Scorer:
    """One bundle on one thread. Raises `InvalidBundle` where its golden answers are not repeated."""

    def __init__(self, bundle: Bundle, limits: TextLimits, top: int = 0, *, states: bool = False) -> None:
        """`top` is how many words that counted most are told of each text, `states` whether hidden states are."""
        self._bundle, self._labels, self._top, self._states = bundle, bundle.manifest.labels, top, states
        self._limits = limits
        self._session = open_session(bundle)

    def __call__(self, texts: Sequence[str]) -> Sequence[Scored | Unanswered]:
        """Return the answers to `texts`. Reviews of like length are computed together, in an order they alone fix."""
        answers = [self._encoded(text) for text in texts]
        scorable = [(text, each) for text, each in zip(texts, answers, strict=True) if isinstance(each, Encoded)]
        scored = iter(self._run(*zip(*scorable, strict=True)) if scorable else [])
        return [next(scored) if isinstance(answer, Encoded) else answer for answer in answers]

    def _encoded(self, text: str) -> Encoded | Unanswered:
        try:
            self._limits.size(text)
            return self._limits.encode(self._bundle.vocabulary, text)
        except ServiceError as error:
            return Unanswered(error.detail)

    def _run(self, texts: Sequence[str], encoded: Sequence[Encoded]) -> list[Scored]:
        ids = [each.ids for each in encoded]
        logits = np.empty((len(ids), len(self._labels)), np.float32)
        tops, states = dict[int, Weighed](), dict[int, tuple[Array, ...]]()
        for places in by_length(ids, ROWS):
            group = run_group(self._session, [ids[place] for place in places], traced=self._top > 0 or self._states)
            logits[places] = group.logits
            for place, hidden in zip(places, group.hidden, strict=False):
                if self._top:
                    tops[place] = self._top_words(texts[place], ids[place], hidden, logits[place])
                if self._states:
                    states[place] = hidden
        probabilities = softmax(logits)
        labels = [self._labels[label] for label in np.argmax(probabilities, axis=-1).tolist()]
        abstains = self._bundle.manifest.abstains
        return [
            Scored(
                label,
                dict(zip(self._labels, shares, strict=True)),
                len(each.ids),
                each.unknown / len(each.ids),
                each.truncated,
                abstains(shares),
                tops.get(place, ()),
                each.ids,
                states.get(place, ()),
            )
            for place, (label, shares, each) in enumerate(zip(labels, probabilities.tolist(), encoded, strict=True))
        ]

    def _top_words(self, text: str, ids: NDArray[np.int64], hidden: tuple[Array, ...], logits: Array) -> Weighed:
        """Return the words of `text` that counted most, by its `logits [C]` and `hidden`, `[T, H]` a layer."""
        weights = Analysis(self._bundle.weights, ids, hidden, logits, default_target(logits)).deep.words
        words = typed(text, len(ids), self._bundle.vocabulary.pattern)
        order = np.argsort(-np.abs(weights), kind="stable")[: self._top].tolist()
        return tuple((words[place], float(weights[place])) for place in order)
