"""What a trace explains: one number made of the logits, and how the head weighs the pooled hidden states for it."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights


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
    """The head's weights for one target: `last`, `maximum`, `mean` are what each pooled unit counts for, `[H]`, zero
    where the pooling has none; `bias` is the target's logit with nothing read.
    """

    last: Array
    maximum: Array
    mean: Array
    bias: float

    @property
    def size(self) -> Array:
        """How much each unit counts in any of the poolings, `[H]`."""
        total: Array = np.abs(self.last) + np.abs(self.maximum) + np.abs(self.mean)
        return total


def target_head(weights: Weights, target: Target) -> TargetHead:
    """Return the head of `weights` for `target`, in the precision of the weights."""
    direction = target.direction(weights.classes).astype(weights.head_weight.dtype)
    w, size = direction @ weights.head_weight, weights.hidden_size
    zero = np.zeros(size, w.dtype)
    parts = {
        "last": (w, zero, zero),
        "max": (zero, w, zero),
        "mean": (zero, zero, w),
        "max||mean": (zero, w[:size], w[size:]),
    }
    return TargetHead(*parts[weights.pooling], bias=float(direction @ weights.head_bias))


def head_gradient(head: TargetHead, hidden: Array) -> Array:
    """Return `dy/dh_t` through the head alone, `[T, H]`, of the target's logit y after the last of `hidden [T, H]`.

    Last: the weights at the last step; mean: a T-th of them at each; max: the weight where each unit is largest.
    """
    steps, size = hidden.shape
    gradient = np.empty_like(hidden)
    gradient[:] = head.mean / steps
    gradient[-1] += head.last
    gradient[hidden.argmax(axis=0), np.arange(size)] += head.maximum
    return gradient
