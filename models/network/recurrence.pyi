"""Compiled from `native/`. Arrays are C-contiguous; float32 where nothing else is said."""

from typing import NewType

from models.network.equations import Array

Network = NewType("Network", object)

def widths() -> list[int]:
    """Return how many floats the vectors have that this machine computes with, the most first."""

def network(
    width: int,
    cell: int,
    pooling: int,
    hidden: int,
    classes: int,
    words: int,
    tabled: bool,
    vectors: Array,
    layers: tuple[tuple[int, Array, Array, Array], ...],
    head: Array,
    head_bias: Array,
    /,
) -> Network:
    """Return a network with its own copies of the weights, but for `vectors [words, I]`.

    `cell` is its place in CELLS, `pooling` has a bit for each of REDUCTIONS; `layers` (I, biases, input
    weights, recurrent weights); `head [C, reductions, units]`. Where `tabled`, a word's share of the first layer's
    sums is kept from the first time that it is read. Raises `ValueError` where a size does not fit.
    """

def state_size(network: Network, /) -> int:
    """Return the floats of a row's state."""

def step(
    network: Network,
    ids: Array,
    lengths: Array,
    carry: Array,
    before: Array,
    after: Array,
    answers: Array,
    over_time: tuple[Array, ...],
    /,
) -> None:
    """Compute one chunk of B rows, without the interpreter's lock.

    Reads `ids` int64, the words of one row after another; `lengths` int32 `[B]`; `carry` int64 `[B]`; `before [S, M]`.
    Writes `after [B, M]`, `answers [2, B, C]` (logits, probabilities), and `over_time`: nothing, or hidden states
    `[T, B, H]` a layer, or these and then the values of VALUES, `[values, T, B, U]` a layer, U the padded units.
    Raises `ValueError`, and writes nothing, where shapes, lengths, places or ids do not fit.
    """
