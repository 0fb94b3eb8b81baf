"""Compiled from `scans.c`."""

from models.network.equations import Array

def scan(keep: Array, write: Array, states: Array, size: int, backwards: bool, /) -> None:
    """Fill `states` with `write_t + keep_t states_{t-1}`; backwards: `write_t + keep_{t+1} states_{t+1}`.

    All are C-contiguous float32 `[T, size]`, T >= 1; else `ValueError` is raised.
    """

def backward_scan(
    grad_hidden: Array, readout: Array, keep: Array, slope: Array, reset: Array, weight: Array, grad: Array, /
) -> None:
    """Fill `grad [T, H]` from the last row to the first, as `models.trace.linear.backward_scan` has it.

    All are C-contiguous float32, `weight [H, H]`; else `ValueError` is raised.
    """
