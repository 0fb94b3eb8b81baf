"""The columns of an answer: to add one, add its value to the answer and a line here (and in the API's `Prediction`)."""

from collections.abc import Sequence
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
            attrgetter("probabilities"),
            tuple(f"probability_{label}" for label in labels),
            partial(_in_order, tuple(labels)),
        ),
        Column("words", "integer", attrgetter("words")),
        Column("unknown_rate", "number", attrgetter("unknown_rate")),
        Column("truncated", "truth", attrgetter("truncated")),
        Column("abstain", "truth", attrgetter("abstain")),
        *[Column("top_words", "text", _top_words, fields=_top_words_line)] * top_words,
    )


def _in_order(labels: Sequence[str], answer: Any) -> list[float]:
    return [answer.probabilities[label] for label in labels]


def _top_words(answer: Any) -> list[dict[str, Any]]:
    return [{"word": word, "weight": weight} for word, weight in answer.top]


def _top_words_line(answer: Any) -> tuple[str]:
    return (" ".join(f"{word}:{weight:.4g}" for word, weight in answer.top),)
