"""What is left of the strongest words of a text that is still being read: the write ledger, followed word by word.

What a word wrote into the top layer's state is multiplied by what the gates keep at every later word. So as much as is
left of a word, and what that brings to the running logit, takes the same time after every word, however long the text.
"""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from models.network.equations import Array, Ids, Weights
from models.trace.cells import CELL_TRACES
from models.trace.pooling import REDUCTION_TRACES, Tensors
from models.trace.recover import top_values
from models.trace.target import TargetHead, default_target, target_head

MOST_STRONGEST = 32


class Step(NamedTuple):
    """What one word did in the top layer, `[H]` each: kept of its state, wrote into it, how that is read, the hidden
    state; and the head for the target that is explained there.
    """

    kept: Array
    written: Array
    readout: Array
    hidden: Array
    head: TargetHead


class FollowedWord(NamedTuple):
    """A word by its number in the text. `share` is what it brings to the running logit, as in the write ledger of the
    text so far; `left`, 0 to 1, how much of what it wrote is still in the state.
    """

    number: int
    share: float
    left: float


def steps(
    weights: Weights,
    ids: Ids,
    hidden: Sequence[Array],
    values: Sequence[Array],
    before: Tensors | None,
    logits: Array,
) -> Iterator[Step]:
    """Return what each of `ids [T]` did in a cell with gated memory.

    `hidden` and `values` are the network's own, as of `Analysis`; `before` is its state before these words and
    `logits [T, C]` are those after each.
    """
    gated = CELL_TRACES[weights.cell].memory
    assert gated is not None
    of, head_for = top_values(weights, ids, hidden, values, before or {}), cache(partial(target_head, weights))
    kept, written, readout = gated.kept(of), gated.written(of), gated.readout(of)
    heads = (head_for(default_target(after)) for after in logits)
    return map(Step, kept, written, np.ones_like(kept) if readout is None else readout, of["hidden"], heads)


def strongest_words(most: int, weights: Weights) -> "StrongestWords | None":
    """Return what follows up to `most` words from the first on; None for no words, or a cell without gated memory."""
    return StrongestWords(most, weights) if most and CELL_TRACES[weights.cell].memory else None


class StrongestWords:
    """Follows the words that bring most to the running logit, at most `most`; one that fell out stays out.

    A row is a word: what is left of what it wrote, what it wrote, and what it has in each reduction of the pooling.
    """

    def __init__(self, most: int, weights: Weights) -> None:
        self._numbers: list[int] = []
        self._most, self._count = most, 0
        self._last: Step | None = None
        self._reductions = [REDUCTION_TRACES[name] for name in weights.heads()]
        self._rows = np.zeros((2 + len(self._reductions), most + 1, weights.hidden_size), np.float32)
        self._highest = np.full(weights.hidden_size, -np.inf, np.float32)

    def read(self, step: Step) -> None:
        """Read the next word."""
        rises = step.hidden > self._highest
        np.maximum(self._highest, step.hidden, out=self._highest)
        row = len(self._numbers)
        self._numbers.append(self._count)
        self._count += 1
        self._rows[0] *= step.kept
        self._rows[:2, row], self._rows[2:, row] = step.written, 0.0
        left = self._rows[0] * step.readout
        for reduction, had in zip(self._reductions, self._rows[2:], strict=True):
            had[:] = reduction.followed(had, left, rises, self._count)
        self._last = step
        if row == self._most:
            self._drop(int(np.abs(self._shares(step)).argmin()))

    def found(self) -> list[FollowedWord]:
        """Return the words as they stand, the strongest first."""
        if self._last is None:
            return []
        shares, left = self._shares(self._last), self._left(self._last)
        words = map(FollowedWord, self._numbers, shares.tolist(), left.tolist())
        return sorted(words, key=lambda word: -abs(word.share))

    def _drop(self, row: int) -> None:
        self._rows[:, row] = self._rows[:, -1]
        self._numbers[row] = self._numbers[-1]
        self._numbers.pop()

    def _shares(self, step: Step) -> Array:
        parts = zip(self._rows[2:], step.head.weights.values(), strict=True)
        shares: Array = sum(rows[: len(self._numbers)] @ weight for rows, weight in parts)
        return shares

    def _left(self, step: Step) -> Array:
        read = step.head.size * np.abs(step.readout)
        left, wrote = np.abs(self._rows[:2, : len(self._numbers)]) @ read
        shares: Array = left / np.where(wrote > 0, wrote, 1.0)
        return shares
