"""What runs a network, one chunk of many reviews after another: what a session is given, and what it returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state

from models.network.equations import Array, Ids

State = tuple[Array, ...]
"""The recurrent state of one review: its state tensors, in the manifest's order, without the batch axis."""

DeviceState = tuple[Array | ort.OrtValue, ...]
"""State tensors `[S, ...]` where the next run wants them: arrays, or values that never leave the device."""

FRESH = -1
"""The `carry` of a row that continues no other."""

_ONNX_RUNTIME = vars(onnxruntime_pybind11_state).values()
SESSION_ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    RuntimeError,
    MemoryError,
    *(kind for kind in _ONNX_RUNTIME if isinstance(kind, type) and issubclass(kind, Exception)),
)
"""What opening or running a session raises; the kinds of ONNX Runtime have no class in common."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one run returns: `logits`, `probabilities` `[B, C]`, state tensors `[B, ...]`, hidden states `[T, B, H]`.

    `values` holds the VALUES of every layer, `[V, T, B, H]`, of a session that keeps them. Past the end of a row its
    hidden states and values mean nothing.
    """

    logits: Array
    probabilities: Array
    state: DeviceState
    hidden: Sequence[Array]
    values: Sequence[Array] = ()


class Session(Protocol):
    """The network of one bundle, for as many threads as call it; it runs on the thread that calls it."""

    backend: str
    """The name of what computes, for people."""

    pads: bool
    """Whether a row that is shorter than its chunk costs as much as the longest."""

    empty_state: State
    """The state before the first run: no rows. Each backend has its own layout of it."""

    def run(
        self, ids_by_row: Sequence[Ids], carry: Ids, state: DeviceState, *, traced: bool, values: bool = False
    ) -> Chunk:
        """Compute one chunk: the next words of B >= 1 rows, at least one each; hidden states only where `traced`.

        With `values`, those of a traced chunk too, if the session can keep them. Row b continues row `carry[b]` of
        `state`, which the run before returned, or starts anew where that is FRESH.
        """

    def import_state(self, state: State) -> State:
        """Return one row in this backend's layout, from a review's state tensors as the manifest lists them."""

    def export_state(self, state: State) -> State:
        """Return a review's state tensors as the manifest lists them, from one row in this backend's layout."""


def run_whole(session: Session, reviews: Sequence[Ids], *, traced: bool = False) -> Chunk:
    """Run whole reviews, none empty, in one chunk."""
    return session.run(reviews, np.full(len(reviews), FRESH), session.empty_state, traced=traced)


def to_host(state: DeviceState) -> State:
    """Return state tensors as arrays, copied from the device where they are there."""
    return tuple(value.numpy() if isinstance(value, ort.OrtValue) else value for value in state)
