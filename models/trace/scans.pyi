"""Compiled from `scans.c`."""

from models.network.equations import Array

def scan(keep: Array, write: Array, states: Array, backwards: bool, /) -> None:
    """Fill `states` with `write_t + keep_t states_{t-1}`; backwards: `write_t + keep_{t+1} states_{t+1}`.

    All are C-contiguous float32 `[T, H]`, T >= 1; else `ValueError` is raised.
    """

def running_max(values: Array, largest: Array, /) -> None:
    """Fill `largest` with the largest of each unit so far. Both are as for `scan`; else `ValueError` is raised."""

def tanh_ratio(gate: Array, tanh: Array, x: Array, ratio: Array, /) -> None:
    """Fill `ratio` with `gate tanh / x`, `gate` where x is next to 0. All are as for `scan`; else `ValueError`."""

def backward_scan(
    grad_hidden: Array, readout: Array, keep: Array, slope: Array, reset: Array, weight: Array, grad: Array, /
) -> None:
    """Fill `grad [T, H]` from the last row to the first, as `models.trace.linear.backward_scan` has it.

    All are C-contiguous float32, `weight [H, H]`; else `ValueError` is raised.
    """
