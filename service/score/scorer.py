"""Texts to labels: the seam that the files, the cluster and a remote service score through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle, replay_golden
from models.cells import Array, softmax
from models.words import Encoded
from service.engine import EngineSettings
from service.engine.batch import Row
from service.engine.bulk import run_rows
from service.engine.served import whole
from service.engine.session import Session
from service.score.top_words import Weighed, top_words

MOST_TEXT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model says of a text: `probabilities` in the order of its labels; `label` is the most probable one.

    `ids [T]` are the words that were read; `hidden` the states after each, `[T, H]` a layer, where they are wanted.
    """

    label: str
    probabilities: Sequence[float]
    words: int
    truncated: bool
    top: Weighed = ()
    ids: NDArray[np.int64] | None = None
    hidden: tuple[Array, ...] = ()


@dataclass(frozen=True, slots=True)
class Unscorable:
    """Why a text has no label; never the text itself."""

    reason: str


Score = Callable[[Sequence[str]], Sequence[Scored | Unscorable]]
"""The answers to many texts, in order; the same texts in the same order get the same answers."""


class Scorer:
    """One bundle on one thread. Raises `InvalidBundle` where its golden answers are not repeated."""

    def __init__(self, bundle: Bundle, max_words: int, top: int = 0, *, states: bool = False) -> None:
        """`top` is how many words that counted most are told of each text, `states` whether hidden states are."""
        self._bundle, self._labels, self._top, self._states = bundle, bundle.manifest.labels, top, states
        self._vocabulary, self._max_words = bundle.vocabulary, max_words
        self._session = Session(bundle, EngineSettings())
        replay_golden(bundle, lambda ids: whole(self._session, ids))

    def __call__(self, texts: Sequence[str]) -> Sequence[Scored | Unscorable]:
        """The answers to `texts`; reviews of like length are computed together, in an order that they alone fix."""
        answers = [self._encoded(text) for text in texts]
        scorable = [(text, each) for text, each in zip(texts, answers, strict=True) if isinstance(each, Encoded)]
        scored = iter(self._run(*zip(*scorable, strict=True)) if scorable else [])
        return [next(scored) if isinstance(answer, Encoded) else answer for answer in answers]

    def _encoded(self, text: str) -> Encoded | Unscorable:
        if len(text) > MOST_TEXT_BYTES or (4 * len(text) > MOST_TEXT_BYTES and _bytes(text) > MOST_TEXT_BYTES):
            return Unscorable(f"a text may have at most {MOST_TEXT_BYTES} bytes")
        encoded = self._vocabulary.encode(text, self._max_words)
        if not len(encoded.ids):
            return Unscorable("the text is empty, or only white space and markup")
        return encoded

    def _run(self, texts: Sequence[str], encoded: Sequence[Encoded]) -> list[Scored]:
        ids = [each.ids for each in encoded]
        rows = [Row(each, traced=self._states) for each in ids]
        run_rows(self._session, rows, threads=1)
        probabilities = softmax(np.array([row.answer for row in rows]))
        labels = np.argmax(probabilities, axis=-1).tolist()
        tops = [()] * len(ids) if not self._top else top_words(self._bundle, self._session, texts, ids, self._top)
        return [
            Scored(self._labels[label], shares, len(each.ids), each.truncated, top, each.ids, row.over_time)
            for each, label, shares, top, row in zip(encoded, labels, probabilities.tolist(), tops, rows, strict=True)
        ]


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))
