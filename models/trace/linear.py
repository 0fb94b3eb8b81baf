"""What traces ask of long arrays, compiled where that was built: recurrences over time, and the ratio of a tanh."""

import numpy as np

from models.network.equations import Array

try:
    from models.trace import scans
except ImportError:  # not built: a step of Python a word instead
    COMPILED = False
else:
    COMPILED = True

SMALL = 1e-4
"""Where the ratio of a tanh is 1 to the last digit."""

LINE = 16
"""Floats in a cache line."""


def scan(keep: Array, write: Array) -> Array:
    """Return `s_t = keep_t s_{t-1} + write_t` from zero, `[T, H]`."""
    if _compiled(keep, write):
        return _filled(keep, write, backwards=False)
    states = write.copy()
    for before, share, state in zip(states[:-1], keep[1:], states[1:], strict=True):
        np.add(state, share * before, out=state)
    return states


def reverse_scan(keep: Array, write: Array) -> Array:
    """Return `s_t = write_t + keep_{t+1} s_{t+1}` from the end, `[T, H]`."""
    if _compiled(keep, write):
        return _filled(keep, write, backwards=True)
    states = write.copy()
    for later, share, state in zip(states[:0:-1], keep[:0:-1], states[-2::-1], strict=True):
        np.add(state, share * later, out=state)
    return states


def running_max(values: Array) -> Array:
    """Return the largest of each unit after each step, `[T, H]`."""
    if not _compiled(values):
        return np.maximum.accumulate(values)
    found = np.empty(values.shape, np.float32)
    scans.running_max(np.ascontiguousarray(values), found)
    return found


def tanh_ratio(gate: Array, tanh: Array, x: Array) -> Array:
    """Return `gate tanh(x) / x`, `gate` at 0, `[T, H]`."""
    if _compiled(gate, tanh, x):
        found = np.empty(x.shape, np.float32)
        scans.tanh_ratio(np.ascontiguousarray(gate), np.ascontiguousarray(tanh), np.ascontiguousarray(x), found)
        return found
    near = np.abs(x) < SMALL
    ratio: Array = gate * np.where(near, 1.0, tanh / np.where(near, 1.0, x))
    return ratio


def backward_scan(grad_hidden: Array, readout: Array, keep: Array, slope: Array, reset: Array, weight: Array) -> Array:
    """Return the gradient by the candidate's pre-activation, `[T, H]`, through a cell whose gates are held fixed.

    `state_t = readout_t (grad_hidden_t + (grad_{t+1} reset_{t+1}) weight) + keep_{t+1} state_{t+1}` from the end, and
    `grad_t = state_t slope_t`. `weight`, the candidate's recurrent one, is `[H, H]`; all others are `[T, H]`.
    """
    if _compiled(grad_hidden, readout, keep, slope, reset, weight):
        found: Array = np.empty(grad_hidden.shape, np.float32)
        dense = np.ascontiguousarray
        arrays = (dense(grad_hidden), dense(readout), dense(keep), dense(slope), dense(reset), _aligned(weight))
        scans.backward_scan(*arrays, found)
        return found
    grad, kept, later = np.empty_like(grad_hidden), np.zeros_like(grad_hidden[0]), np.zeros_like(grad_hidden[0])
    for step in range(len(grad) - 1, -1, -1):
        state = readout[step] * (grad_hidden[step] + later) + kept
        grad[step] = state * slope[step]
        kept = state * keep[step]
        later = (grad[step] * reset[step]) @ weight
    return grad


def _compiled(*arrays: Array) -> bool:
    return COMPILED and all(array.dtype == np.float32 for array in arrays)


def _aligned(weight: Array) -> Array:
    """Return the same weights at the start of a cache line, where vectors are read twice as fast."""
    room = np.empty(weight.size + LINE, np.float32)
    start = -(room.ctypes.data // room.itemsize) % LINE
    aligned = room[start : start + weight.size].reshape(weight.shape)
    aligned[:] = weight
    return aligned


def _filled(keep: Array, write: Array, *, backwards: bool) -> Array:
    states = np.empty(write.shape, np.float32)
    scans.scan(np.ascontiguousarray(keep), np.ascontiguousarray(write), states, backwards)
    return states
