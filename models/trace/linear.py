"""The linear recurrence of a gated memory, forwards and backwards: what is kept of a state, plus what is written."""

import numpy as np

from models.network.equations import Array

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


def back(through: Array, read: Array, keep: Array, open_: Array, gate: Array, recurrent: Array) -> Array:
    """`v [T, H]` from the end: what a hidden state counts for, `through`, through a memory and the recurrent weights.

    `m_t = read_t (through_t + (v_{t+1} gate_{t+1}) U) + keep_{t+1} m_{t+1}` and `v_t = m_t open_t`; U is `[H, H]`, all
    others `[T, H]`.
    """
    if _compiled(through, read, keep, open_, gate, recurrent):
        found: Array = np.empty(through.shape, np.float32)
        whole = np.ascontiguousarray
        scans.back(whole(through), whole(read), whole(keep), whole(open_), whole(gate), whole(recurrent), found)
        return found
    v, kept, later = np.empty_like(through), np.zeros_like(through[0]), np.zeros_like(through[0])
    for step in range(len(v) - 1, -1, -1):
        memory = read[step] * (through[step] + later) + kept
        v[step] = memory * open_[step]
        kept = memory * keep[step]
        later = (v[step] * gate[step]) @ recurrent
    return v


def _compiled(*arrays: Array) -> bool:
    return COMPILED and all(array.dtype == np.float32 for array in arrays)


def _filled(keep: Array, write: Array, *, backwards: bool) -> Array:
    states = np.empty(write.shape, np.float32)
    scans.scan(np.ascontiguousarray(keep), np.ascontiguousarray(write), states, write.shape[1], backwards)
    return states
