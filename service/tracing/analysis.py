"""One review taken apart: the parts that were asked for, by the mathematics of `models.trace`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array, PreActivations, Weights
from models.trace import (
    Gradient,
    Head,
    Ledger,
    Memory,
    StateHistory,
    Target,
    TopUnits,
    Trace,
    course,
    deep_ledger,
    gradient,
    head_of,
    memory,
    recover,
    running_logits,
    top_units,
    write_ledger,
)
from models.trace.target import head_gradient


def _not_known(ids: NDArray[np.int64], hidden: Sequence[Array]) -> None:
    return None


@dataclass(frozen=True)
class Analysis:
    """What a network did with one review, seen from `target`; each part is computed when it is first asked for.

    `logits [C]` and `hidden`, `[T, H]` a layer, are the network's own. `sums` tells what its activations are taken of,
    where that is quicker than by `models.trace`.
    """

    weights: Weights
    ids: NDArray[np.int64]
    hidden: tuple[Array, ...]
    logits: Array
    target: Target
    sums: Callable[[NDArray[np.int64], Sequence[Array]], Sequence[PreActivations] | None] = _not_known

    @cached_property
    def trace(self) -> Trace:
        """Every gate and cell state."""
        return recover(self.weights, self.ids, self.hidden, self.sums(self.ids, self.hidden))

    @cached_property
    def course(self) -> StateHistory:
        """Every state tensor after every word."""
        cells = [layer["cell"] for layer in self.trace.layers] if self.weights.cell == "lstm" else []
        return course(self.weights, self.hidden, cells)

    @cached_property
    def head(self) -> Head:
        """The head turned to the target."""
        return head_of(self.weights, self.target)

    @cached_property
    def running(self) -> Array:
        """The logits after each word, `[T, C]`."""
        return running_logits(self.weights, self.hidden[-1])

    @property
    def logit(self) -> float:
        """The target's logit."""
        return float(self.target.of(self.logits))

    @cached_property
    def write(self) -> Ledger | None:
        """The write ledger, of a cell that has one."""
        return None if self.weights.cell == "rnn" else write_ledger(self.trace, self.head, self.logit)

    @cached_property
    def deep(self) -> Ledger:
        """The deep ledger."""
        return deep_ledger(self.trace, self.head, self.logit)

    @cached_property
    def memory(self) -> Memory | None:
        """The memory, of a cell that has one."""
        if self.weights.cell == "rnn":
            return None
        return memory(self.trace, self.head, self.target.of(self.running))

    @cached_property
    def gradient(self) -> Gradient:
        """The true gradient by every hidden state."""
        return gradient(self.trace, self.head)

    @cached_property
    def shares(self) -> Ledger:
        """The account by which units are ranked, `[T, H]`: the write ledger, or what the head read at each word."""
        if self.write is not None:
            return self.write
        read = head_gradient(self.head, self.hidden[-1]) * self.hidden[-1]
        words = read.sum(axis=1)
        return Ledger(read, words, 0.0, self.logit - self.head.bias - float(words.sum(dtype=np.float64)))

    def top(self, count: int) -> TopUnits:
        """The `count` units of the top layer that mattered most."""
        return top_units(self.shares, count)

    def weighted(self, name: str) -> Array:
        """The mean `[T]` of the top layer's tensor `name` over units, each weighted by the sum of its |shares|."""
        sizes = np.abs(self.shares.units).sum(axis=0)
        mean: Array = self.trace.top[name] @ (sizes / (sizes.sum() or 1.0))
        return mean
