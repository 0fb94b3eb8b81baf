"""What is remembered, and when it was forgotten: every word against every later time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from models.trace.ledger import kept, readout, written
from models.trace.recover import Trace
from models.trace.target import Head

MAX_BLOCKS = 512


@dataclass(frozen=True, slots=True)
class Memory:
    """`matrix [N, N]`: what word t (row) contributes to the running logit at word tau (column), zero before it.

    Columns add up to the running logit less the bias; the last one is the write ledger. With more than 512 words rows
    are the sums over blocks of `block` words and columns the means over a block's times. `error` is the largest
    |column sum - (running logit - bias)| over the summed |contributions| of the last column. `retained [T]` is the
    share of what a word wrote that is still in the cell at the end; `half_life [H]`, in words, how long each unit
    keeps half of what it holds (infinite: for ever).
    """

    matrix: Array
    block: int
    error: float
    retained: Array
    half_life: Array


def memory(trace: Trace, head: Head, running: Array) -> Memory:
    """The memory of the top layer; `running [T]` are the target's logits after each word.

    Raises `ValueError` for an RNN, whose memory has no gates.
    """
    if trace.cell == "rnn":
        raise ValueError("an RNN has no gated memory to follow")
    block = math.ceil(len(trace.ids) / MAX_BLOCKS)
    matrix = _matrix(trace, head, block)
    sums = matrix.sum(axis=0, dtype=np.float64)
    size = float(np.abs(matrix[:, -1]).sum()) or 1.0
    error = float(np.abs(sums - _block_means(running - head.bias, block)).max()) / size
    return Memory(matrix, block, error, _retained(trace, head), _half_life(trace))


def _matrix(trace: Trace, head: Head, block: int) -> Array:
    """One pass over time. `held [N, H]` is what is left of each block's writes; scalars carry the mean's sum, and the
    maximum's contributions change only for the units that reach a new maximum.
    """
    layer = trace.top
    hidden, write, keep, read = layer["hidden"], written(layer), kept(layer), readout(layer)
    out = np.ones_like(hidden) if read is None else read
    steps, size = hidden.shape
    blocks = -(-steps // block)
    held, at_maximum = np.zeros((blocks, size), hidden.dtype), np.zeros((size, blocks), hidden.dtype)
    by_maximum, by_mean = np.zeros(blocks, hidden.dtype), np.zeros(blocks, hidden.dtype)
    rising = _rising(hidden) & (head.maximum != 0)
    matrix = np.zeros((blocks, blocks), hidden.dtype)
    for step in range(steps):
        here = step // block
        seen = held[: here + 1]
        seen *= keep[step]
        seen[here] += write[step]
        by_mean[: here + 1] += seen @ (head.mean * out[step])
        rises = np.flatnonzero(rising[step])
        if len(rises):
            new = (seen[:, rises] * out[step, rises]).T
            by_maximum[: here + 1] += head.maximum[rises] @ (new - at_maximum[rises, : here + 1])
            at_maximum[rises, : here + 1] = new
        column = seen @ (head.last * out[step]) + by_mean[: here + 1] / (step + 1) + by_maximum[: here + 1]
        matrix[here, : here + 1] += column / _length(here, block, steps)
    return matrix.T


def _rising(hidden: Array) -> NDArray[np.bool_]:
    """Where a unit reaches a new maximum, `[T, H]`."""
    rising = np.ones(hidden.shape, bool)
    rising[1:] = hidden[1:] > np.maximum.accumulate(hidden[:-1])
    return rising


def _length(index: int, block: int, steps: int) -> int:
    return min(block, steps - index * block)


def _block_means(values: Array, block: int) -> Array:
    starts = np.arange(0, len(values), block)
    lengths = np.diff(np.append(starts, len(values)))
    means: Array = np.add.reduceat(values.astype(np.float64), starts) / lengths
    return means


def _retained(trace: Trace, head: Head) -> Array:
    """By word: what of its |writes| is left at the end, each unit weighted by how it is read there."""
    layer = trace.top
    keep, write, read = kept(layer), np.abs(written(layer)), readout(layer)
    weight = head.size if read is None else head.size * np.abs(read[-1])
    survives = np.ones_like(keep)
    survives[:-1] = np.cumprod(keep[:0:-1], axis=0)[::-1]
    total = write @ weight
    shares: Array = ((write * survives) @ weight) / np.where(total > 0, total, 1.0)
    return shares


def _half_life(trace: Trace) -> Array:
    """`ln 1/2` over the mean log of what each unit keeps a step, `[H]`; infinite where it keeps everything."""
    rate = np.log(np.maximum(kept(trace.top), np.finfo(np.float32).tiny)).mean(axis=0, dtype=np.float64)
    lives: Array = np.divide(math.log(0.5), rate, out=np.full(len(rate), np.inf), where=rate < 0)
    return lives
