"""What a trace explains: one number made of the logits, and how the head weighs the pooled hidden states for it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.network.pooling import Reduction
from models.trace.pooling import REDUCTION_TRACES


@dataclass(frozen=True, slots=True)
class Target:
    """The logit of label `first` minus that of label `second`, or minus the mean of all others where it is None."""

    first: int
    second: int | None

    def direction(self, classes: int) -> Array:
        """Return what each logit counts for, `[C]`, float64."""
        weights = np.zeros(classes)
        if self.second is None:
            weights[:] = -1.0 / (classes - 1)
        else:
            weights[self.second] = -1.0
        weights[self.first] = 1.0
        return weights

    def of(self, logits: Array) -> Array:
        """Return the target's logit from `logits [..., C]`."""
        value: Array = logits @ self.direction(logits.shape[-1]).astype(logits.dtype)
        return value


def default_target(logits: Array) -> Target:
    """Return, of two labels, the second minus the first; of more, by `logits [C]`, the top one minus the runner-up."""
    if len(logits) == 2:
        return Target(1, 0)
    runner_up, top = np.argsort(logits, kind="stable")[-2:].tolist()
    return Target(top, runner_up)


@dataclass(frozen=True, slots=True)
class TargetHead:
    """The head for one target: `weights [H]` for each reduction of the pooling; `bias`, its logit with nothing read."""

    weights: Mapping[Reduction, Array]
    bias: float

    @property
    def size(self) -> Array:
        """How much each unit counts in all reductions, `[H]`."""
        total: Array = np.abs([*self.weights.values()]).sum(axis=0)
        return total


def target_head(weights: Weights, target: Target) -> TargetHead:
    """Return the head of `weights` for `target`, in the precision of the weights."""
    direction = target.direction(weights.classes).astype(weights.head_weight.dtype)
    heads = {name: direction @ head for name, head in weights.heads().items()}
    return TargetHead(heads, float(direction @ weights.head_bias))


def head_gradient(head: TargetHead, hidden: Array) -> Array:
    """Return `dy/dh_t` through the head alone, `[T, H]`, of the target's logit y after the last of `hidden [T, H]`."""
    gradients = [REDUCTION_TRACES[name].gradient(hidden, weight) for name, weight in head.weights.items()]
    gradient: Array = sum(gradients[1:], gradients[0])
    return gradient
