"""The columns of an answer: to add one, add its value to the answer and a line here (and in the API's `Prediction`)."""

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from models.reviews.columns import Column


def answer_columns(labels: Sequence[str], *, top_words: bool = False) -> tuple[Column, ...]:
    """Return the columns of answers of a model with these `labels`, in the order in which they are written."""
    return (
        Column("label", "text", attrgetter("label")),
        Column(
            "probabilities",
            "number",
            partial(_by_label, tuple(labels)),
            tuple(f"probability_{label}" for label in labels),
            attrgetter("probabilities"),
        ),
        Column("words", "integer", attrgetter("words")),
        Column("unknown_rate", "number", attrgetter("unknown_rate")),
        Column("truncated", "truth", attrgetter("truncated")),
        *[Column("top_words", "text", _top_words, fields=_top_words_line)] * top_words,
    )


def _by_label(labels: Sequence[str], answer: Any) -> Mapping[str, float]:
    return dict(zip(labels, answer.probabilities, strict=True))


def _top_words(answer: Any) -> list[dict[str, Any]]:
    return [{"word": word, "weight": weight} for word, weight in answer.top]


def _top_words_line(answer: Any) -> tuple[str]:
    return (" ".join(f"{word}:{weight:.4g}" for word, weight in answer.top),)
