"""What computes a network, one chunk of many reviews after another: what a session is given, and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.network.equations import Array
from models.trace.recover import PreActivations

Memory = tuple[Array, ...]
"""What a network remembers of one review: its state tensors, in the manifest's order, without the batch axis."""

FRESH = -1
"""The place of a row that goes on from no other."""

DeviceState = tuple[Array | ort.OrtValue, ...]
"""State tensors `[S, ...]` where the next run wants them: arrays, or values that never leave the device."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one run gives: `logits`, `probabilities` `[B, C]`, state tensors `[B, ...]`, hidden states `[T, B, H]`.

    Past the end of a row its hidden states mean nothing.
    """

    logits: Array
    probabilities: Array
    memory: DeviceState
    hidden: Sequence[Array]


class Session(Protocol):
    """The network of one bundle, for as many threads as call it; it runs on the thread that calls it."""

    how: str
    """What computes, for people."""

    pads: bool
    """Whether a row that is shorter than its chunk costs as much as the longest."""

    nothing: Memory
    """The memory before the first run: no rows. Of what tensors a session makes its memory is its own affair."""

    def run(
        self, words: Sequence[NDArray[np.int64]], carry: NDArray[np.int64], memory: DeviceState, *, traced: bool
    ) -> Chunk:
        """One chunk: B >= 1 rows, the next words of each, at least one; hidden states only where `traced`.

        Row b goes on from row `carry[b]` of `memory`, what the run before left, or from nothing where that is FRESH.
        """

    def sums(self, ids: NDArray[np.int64], hidden: Sequence[Array]) -> Sequence[PreActivations] | None:
        """What the activations of every layer are taken of, for `models.trace.recover`; None: it is no quicker here."""

    def own(self, memory: Memory) -> Memory:
        """One row of memory as it is kept here, from the manifest's state tensors of a review."""

    def told(self, own: Memory) -> Memory:
        """The manifest's state tensors of a review, from one row of memory as it is kept here."""


def to_host(memory: DeviceState) -> Memory:
    """State tensors as arrays, brought over from the device where they are there."""
    return tuple(value.numpy() if isinstance(value, ort.OrtValue) else value for value in memory)
