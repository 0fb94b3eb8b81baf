"""What is remembered, and when it was forgotten: every word against every later time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array
from models.trace.activations import Activations, LayerActivations
from models.trace.cell_trace import GatedMemory
from models.trace.cells import CELL_TRACES
from models.trace.pooling import REDUCTION_TRACES
from models.trace.target import TargetHead

MOST_WORDS = 512
"""Words up to which each stands alone: past them blocks of words do."""

MOST_BLOCKS = 256


@dataclass(frozen=True, slots=True)
class Memory:
    """What word t (row) still contributed to the running logit at word tau (column), zero before it: columns add up to
    the running logit less the bias, and the last one is the write ledger.

    Above 512 words `matrix` is averaged in at most 256 blocks of `block` words: rows hold the sum of a block's words,
    columns the mean over a block's times. `retention`, of the same shape: share of what word t wrote that is still in
    the cell after word tau, to four decimals; in blocks, of all that a block's words wrote, after the last word of a
    block. `retained_at_end [T]`: that share of each word at the end; `half_life_words [k]`: of each selected unit
    (null: never halves).
    """

    matrix: Array
    block: int
    retention: Array
    retained_at_end: Array
    half_life_words: list[float | None]

    def error(self, running: Array) -> float:
        """Return the largest |column sum - running logit| over the summed |contributions| of the last column.

        `running [T]` are the target's logits after each word, less the head's bias.
        """
        sums = self.matrix.sum(axis=0, dtype=np.float64)
        size = float(np.abs(self.matrix[:, -1]).sum()) or 1.0
        return float(np.abs(sums - _block_means(running, self.block)).max()) / size


def memory(activations: Activations, head: TargetHead, units: Sequence[int]) -> Memory | None:
    """Return the memory of the top layer, with the half-lives of `units`; None for a cell without gated memory."""
    gated, top = CELL_TRACES[activations.cell].memory, activations.top
    if gated is None:
        return None
    words = len(activations.ids)
    block = 1 if words <= MOST_WORDS else math.ceil(words / MOST_BLOCKS)
    kept, sizes = gated.kept(top.values), written_sizes(gated, top, head)
    lives = half_lives(kept)[units].tolist()
    return Memory(
        _matrix(gated, top, head, block),
        block,
        retention(kept, sizes, block).round(4),
        _retained_at_end(kept, sizes),
        [round(life, 3) if math.isfinite(life) else None for life in lives],
    )


def written_sizes(gated: GatedMemory, layer: LayerActivations, head: TargetHead) -> Array:
    """Return the size of what each word wrote, `[T, H]`, each unit weighted by how the head reads it at the end."""
    readout = gated.readout(layer.values)
    weight = head.size if readout is None else head.size * np.abs(readout[-1])
    sizes: Array = np.abs(gated.written(layer.values)) * weight
    return sizes


def retention(kept: Array, sizes: Array, block: int) -> Array:
    """Return the share of what the words of each block wrote, `sizes [T, H]`, that is left after each block, `[N, N]`.

    `kept [T, H]` is what each step keeps. One pass over blocks; `held [N, H]` is what is left of each block's writes.
    """
    starts = np.arange(0, len(sizes), block)
    kept_by_block = np.multiply.reduceat(kept, starts)
    written = np.add.reduceat(sizes * _until_block_ends(kept, block), starts)
    held, ones = np.zeros_like(written), np.ones(written.shape[1], written.dtype)
    left = np.zeros((len(written), len(written)), written.dtype)
    for step in range(len(written)):
        seen = held[: step + 1]
        seen *= kept_by_block[step]
        seen[step] = written[step]
        left[step, : step + 1] = seen @ ones
    return _share(left.T, np.add.reduceat(sizes.sum(axis=1), starts)[:, None])


def half_lives(kept: Array) -> Array:
    """Return `ln 1/2` over the mean log of what each unit keeps a step, `[H]`; infinite where it keeps everything."""
    rate = np.log(np.maximum(kept, np.finfo(np.float32).tiny)).mean(axis=0, dtype=np.float64)
    lives: Array = np.divide(math.log(0.5), rate, out=np.full(len(rate), np.inf), where=rate < 0)
    return lives


def _matrix(gated: GatedMemory, layer: LayerActivations, head: TargetHead, block: int) -> Array:
    """Return the matrix after one pass over time. `held [N, H]` is what is left of each block's writes."""
    hidden, write, keep, readout = (
        layer["hidden"],
        gated.written(layer.values),
        gated.kept(layer.values),
        gated.readout(layer.values),
    )
    out = np.ones_like(hidden) if readout is None else readout
    steps, size = hidden.shape
    blocks = -(-steps // block)
    held, matrix = np.zeros((blocks, size), hidden.dtype), np.zeros((blocks, blocks), hidden.dtype)
    columns = [REDUCTION_TRACES[name].columns(hidden, weight, blocks) for name, weight in head.weights.items()]
    for step in range(steps):
        here = step // block
        seen = held[: here + 1]
        seen *= keep[step]
        seen[here] += write[step]
        for column in columns:
            matrix[here, : here + 1] += column(step, seen, out[step]) / min(block, steps - here * block)
    return matrix.T


def _block_means(values: Array, block: int) -> Array:
    starts = np.arange(0, len(values), block)
    lengths = np.diff(np.append(starts, len(values)))
    means: Array = np.add.reduceat(values.astype(np.float64), starts) / lengths
    return means


def _until_block_ends(kept: Array, block: int) -> Array:
    """Return the share of each word's write that is left when its block ends, `[T, H]`."""
    left = np.ones_like(kept)
    for step in range(len(kept) - 2, -1, -1):
        if (step + 1) % block:
            np.multiply(left[step + 1], kept[step + 1], out=left[step])
    return left


def _retained_at_end(kept: Array, sizes: Array) -> Array:
    """Return the share of each word's write that is left at the end, `[T]`."""
    left = _until_block_ends(kept, len(sizes))
    return _share((sizes * left).sum(axis=1), sizes.sum(axis=1))


def _share(part: Array, whole: Array) -> Array:
    shares: Array = part / np.where(whole > 0, whole, 1.0)
    return shares
