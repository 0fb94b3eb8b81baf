"""One review taken apart: what the parts of its trace are made from, each computed when it is first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from models.network.equations import Array, Ids, Weights
from models.trace.activations import Activations
from models.trace.ledger import Ledger, deep_ledger, write_ledger
from models.trace.reconverge import StateHistory, state_history
from models.trace.recover import recover
from models.trace.running import running_logits
from models.trace.target import Target, TargetHead, head_gradient, target_head
from models.trace.units import TopUnits, top_units


@dataclass(frozen=True)
class Analysis:
    """What a network did with one review, seen from `target`, with `units` of its top units in detail.

    `logits [C]`, `hidden`, `[T, H]` a layer, and `values`, `[V, T, H]` a layer where a session keeps them, are the
    network's own.
    """

    weights: Weights
    ids: Ids
    hidden: tuple[Array, ...]
    logits: Array
    target: Target
    units: int = 16
    values: Sequence[Array] = ()

    @cached_property
    def activations(self) -> Activations:
        """Every gate and cell state."""
        return recover(self.weights, self.ids, self.hidden, self.values)

    @cached_property
    def state_history(self) -> StateHistory:
        """Every state tensor after every word."""
        return state_history(self.activations)

    @cached_property
    def head(self) -> TargetHead:
        """The head's weights for the target."""
        return target_head(self.weights, self.target)

    @cached_property
    def running_logits(self) -> Array:
        """The logits after each word, `[T, C]`."""
        return running_logits(self.weights, self.hidden[-1])

    @property
    def logit(self) -> float:
        """The target's logit."""
        return float(self.target.of(self.logits))

    @cached_property
    def grad_hidden(self) -> Array:
        """The gradient of the target's logit by the top layer's hidden states, through the head alone, `[T, H]`."""
        return head_gradient(self.head, self.hidden[-1])

    @cached_property
    def deep(self) -> Ledger:
        """The deep ledger."""
        return deep_ledger(self.activations, self.grad_hidden, self.logit - self.head.bias)

    @cached_property
    def write(self) -> Ledger | None:
        """The write ledger; None for a cell without gated memory."""
        return write_ledger(self.activations, self.grad_hidden, self.logit - self.head.bias)

    @cached_property
    def top_units(self) -> TopUnits:
        """The units of the top layer that mattered most."""
        return top_units(self.unit_shares, self.units, len(self.hidden) - 1)

    @cached_property
    def unit_shares(self) -> Array:
        """What the head read of every unit at every word, `[T, H]`: they add up to the target's logit less its bias."""
        return self.grad_hidden * self.hidden[-1]
