"""What is remembered, and when it was forgotten: every word against every later time."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array
from models.trace.ledger import kept, readout, written
from models.trace.recover import Trace
from models.trace.target import Head

MAX_BLOCKS = 512


@dataclass(frozen=True, slots=True)
class Memory:
    """`matrix [N, N]`: what word t (row) contributes to the running logit at word tau (column), zero before it.

    Columns add up to the running logit less the bias; the last one is the write ledger. With more than 512 words rows
    are the sums over blocks of `block` words and columns the means over a block's times. `error` is the largest
    |column sum - (running logit - bias)| over the summed |contributions| of the last column. `retention [N, N]` is
    the share of what the words of block t (row) wrote that is still in the cell after the last word of block tau
    (column), zero before it; `retained [T]` that of each word at the end; `half_life [H]`, in words, how long each
    unit keeps half of what it holds (infinite: for ever).
    """

    matrix: Array
    block: int
    error: float
    retention: Array
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
    write = _weighed(trace, head)
    return Memory(matrix, block, error, _retention(trace, write, block), _retained(trace, write), _half_life(trace))


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


def _weighed(trace: Trace, head: Head) -> Array:
    """The size of what each word wrote, `[T, H]`, each unit weighted by how it is read at the end."""
    read = readout(trace.top)
    weight = head.size if read is None else head.size * np.abs(read[-1])
    size: Array = np.abs(written(trace.top)) * weight
    return size


def _retention(trace: Trace, write: Array, block: int) -> Array:
    """One pass over blocks. `held [N, H]` is what is left of each block's writes."""
    keep, starts = kept(trace.top), np.arange(0, len(write), block)
    through = np.multiply.reduceat(keep, starts)
    own = np.add.reduceat(write * _until_its_end(keep, block), starts)
    held, ones = np.zeros_like(own), np.ones(own.shape[1], own.dtype)
    shares = np.zeros((len(own), len(own)), own.dtype)
    for step in range(len(own)):
        seen = held[: step + 1]
        seen *= through[step]
        seen[step] = own[step]
        shares[step, : step + 1] = seen @ ones
    return _share(shares.T, np.add.reduceat(write.sum(axis=1), starts)[:, None])


def _until_its_end(keep: Array, block: int) -> Array:
    """What each word's block keeps of it until the block ends, `[T, H]`."""
    survives = np.ones_like(keep)
    for step in range(len(keep) - 2, -1, -1):
        if (step + 1) % block:
            np.multiply(survives[step + 1], keep[step + 1], out=survives[step])
    return survives


def _retained(trace: Trace, write: Array) -> Array:
    """By word: what is left of it at the end, `[T]`."""
    survives = _until_its_end(kept(trace.top), len(write))
    return _share((write * survives).sum(axis=1), write.sum(axis=1))


def _share(part: Array, whole: Array) -> Array:
    shares: Array = part / np.where(whole > 0, whole, 1.0)
    return shares


def _half_life(trace: Trace) -> Array:
    """`ln 1/2` over the mean log of what each unit keeps a step, `[H]`; infinite where it keeps everything."""
    rate = np.log(np.maximum(kept(trace.top), np.finfo(np.float32).tiny)).mean(axis=0, dtype=np.float64)
    lives: Array = np.divide(math.log(0.5), rate, out=np.full(len(rate), np.inf), where=rate < 0)
    return lives
