"""The linear recurrence of a gated memory, forwards and backwards: what is kept of a state, plus what is written."""

import numpy as np

from models.cells import Array

try:
    from models.trace import scans
except ImportError:  # not built: a step of Python a word instead
    COMPILED = False
else:
    COMPILED = True


def scan(keep: Array, write: Array) -> Array:
    """`s_t = keep_t s_{t-1} + write_t` from zero, `[T, H]`."""
    if _compiled(keep, write):
        return _filled(keep, write, backwards=False)
    states = write.copy()
    for before, share, state in zip(states[:-1], keep[1:], states[1:], strict=True):
        np.add(state, share * before, out=state)
    return states


def scan_back(keep: Array, write: Array) -> Array:
    """`s_t = write_t + keep_{t+1} s_{t+1}` from the end, `[T, H]`."""
    if _compiled(keep, write):
        return _filled(keep, write, backwards=True)
    states = write.copy()
    for later, share, state in zip(states[:0:-1], keep[:0:-1], states[-2::-1], strict=True):
        np.add(state, share * later, out=state)
    return states


def _compiled(keep: Array, write: Array) -> bool:
    return COMPILED and keep.dtype == write.dtype == np.float32


def _filled(keep: Array, write: Array, *, backwards: bool) -> Array:
    states = np.empty(write.shape, np.float32)
    scans.scan(np.ascontiguousarray(keep), np.ascontiguousarray(write), states, write.shape[1], backwards)
    return states
