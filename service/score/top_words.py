"""The words that counted most in a verdict, by the deep ledger of its trace."""

import numpy as np
from numpy.typing import NDArray

from models.bundle.files import Bundle
from models.network.equations import Array
from models.text.words import typed
from models.trace import Analysis, default_target

Weighed = tuple[tuple[str, float], ...]
"""Words as typed, each with what it added to the target's logit; the largest first."""


def top_words(
    bundle: Bundle, text: str, ids: NDArray[np.int64], hidden: tuple[Array, ...], logits: Array, count: int
) -> Weighed:
    """Return the `count` words of `text` that counted most, by its `logits [C]` and `hidden`, `[T, H]` a layer."""
    analysis = Analysis(bundle.weights, ids, hidden, logits, default_target(logits))
    weights = analysis.deep.words
    order = np.argsort(-np.abs(weights), kind="stable")[:count].tolist()
    words = typed(text, len(ids), bundle.vocabulary.pattern)
    return tuple((words[place], float(weights[place])) for place in order)
