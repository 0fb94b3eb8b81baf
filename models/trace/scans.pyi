"""Compiled from `scans.c`."""

from models.network.equations import Array

def scan(keep: Array, write: Array, states: Array, size: int, backwards: bool, /) -> None:
    """Fill `states` with `write_t + keep_t states_{t-1}`; backwards: `write_t + keep_{t+1} states_{t+1}`.

    All are C-contiguous float32 `[T, size]`, T >= 1; else `ValueError` is raised.
    """

def back(through: Array, read: Array, keep: Array, open_: Array, gate: Array, weights: Array, v: Array, /) -> None:
    """Fill `v [T, H]` from the last row to the first, as `models.trace.linear.back` has it.

    All are C-contiguous float32, `weights [H, H]`; else `ValueError` is raised.
    """
