"""Rivals that take the last hidden state apart, word by word: for one layer that hands its last state to the head."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from models.network.equations import GATES, Array, Cell, Ids, Layer, Weights, sigmoid
from models.trace import recover
from models.trace.activations import LayerActivations
from tests.studies.faithfulness.model import StudiedModel


def takes_apart(weights: Weights) -> bool:
    """Return whether the methods of this file are defined for a network."""
    return weights.pooling == "last" and len(weights.layers) == 1


def murdoch_szlam(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> list[Array]:
    """What a word adds within the tanh of the last cell state, earlier words first (Murdoch and Szlam 2017). LSTM."""

    def shares(of: LayerActivations) -> Array:
        surviving = _kept_to_the_end(of["forget"]) * of["input"] * of["candidate"]
        squashed = np.tanh(np.cumsum(surviving, axis=0))
        return of["output"][-1] * np.diff(squashed, axis=0, prepend=0)

    return _read_by_head(model, reviews, directions, shares)


def reat(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> list[Array]:
    """What a step made of the hidden state anew that is kept to the end (REAT, Du et al. 2019). LSTM.

    There a step keeps `f_t o_t / o_(t-1)` of the hidden state before. For a GRU it is the write ledger.
    """

    def shares(of: LayerActivations) -> Array:
        squashed = np.tanh(of["cell"])
        before = np.concatenate([np.zeros_like(squashed[:1]), squashed[:-1]])
        return of["output"][-1] * _kept_to_the_end(of["forget"]) * (squashed - of["forget"] * before)

    return _read_by_head(model, reviews, directions, shares)


def _kept_to_the_end(forget: Array) -> Array:
    """Return the product of all later forget gates, `[T, H]`."""
    later = np.cumprod(forget[:0:-1], axis=0)[::-1]
    return np.concatenate([later, np.ones_like(forget[:1])])


def _read_by_head(
    model: StudiedModel, reviews: Sequence[Ids], directions: Array, shares: Callable[[LayerActivations], Array]
) -> list[Array]:
    heads = directions @ model.weights.head_weight
    found = [recover(model.weights, ids, model.hidden(ids)).top for ids in reviews]
    return [shares(of) @ head for of, head in zip(found, heads, strict=True)]


def contextual_decomposition(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> list[Array]:
    """The part of the last state that is a word's, with what it does to others (Murdoch, Liu and Yu 2018).

    For the RNN and the GRU by the same rules.
    """
    heads = directions @ model.weights.head_weight
    return [relevant(model.weights, ids)[0] @ head for ids, head in zip(reviews, heads, strict=True)]


class Parts(NamedTuple):
    """What of a value is a word's, what is of all other words, what is of biases: for each word, `[T, H]`."""

    own: Array
    other: Array
    bias: Array

    @property
    def all(self) -> Array:
        """The value."""
        return self.own + self.other + self.bias


def relevant(weights: Weights, ids: Ids) -> tuple[Array, Array]:
    """Return the own and the other part of the last hidden state, for each word of a review, `[T, H]` each."""
    layer, vectors = weights.layers[0], weights.embedding[ids]
    nothing = np.zeros((len(ids), weights.hidden_size))
    hidden = cell = Parts(nothing, nothing, nothing)
    for place, vector in enumerate(vectors):
        here = (np.arange(len(ids)) == place)[:, None]
        hidden, cell = STEPS[weights.cell](layer, vector, here, hidden, cell)
    return hidden.own, hidden.other


def _rnn_step(layer: Layer, vector: Array, here: Array, hidden: Parts, cell: Parts) -> tuple[Parts, Parts]:
    (pre,) = _pre_activations(layer, vector, here, hidden, 1)
    return _given(_squash(pre, np.tanh), here), cell


def _lstm_step(layer: Layer, vector: Array, here: Array, hidden: Parts, cell: Parts) -> tuple[Parts, Parts]:
    pre = _pre_activations(layer, vector, here, hidden, len(GATES["lstm"]))
    written = _given(_product(_squash(pre[0], sigmoid), _squash(pre[2], np.tanh)), here)
    cell = _sum(written, _product(_squash(pre[1], sigmoid), cell))
    output, squashed = sigmoid(pre[3].all), _squash(cell, np.tanh)
    return Parts(output * squashed.own, output * squashed.other, squashed.bias), cell


def _gru_step(layer: Layer, vector: Array, here: Array, hidden: Parts, cell: Parts) -> tuple[Parts, Parts]:
    reset, update, _ = (_squash(pre, sigmoid) for pre in _pre_activations(layer, vector, here, hidden, 3))
    recurrent = _product(reset, _of_hidden(layer, hidden, slice(-len(reset.own[0]), None)))
    candidate = _squash(_sum(recurrent, _of_word(layer, vector, here, slice(-len(reset.own[0]), None))), np.tanh)
    written = _product(Parts(-update.own, -update.other, 1 - update.bias), candidate)
    return _sum(_given(written, here), _product(update, hidden)), cell


STEPS: dict[Cell, Callable[[Layer, Array, Array, Parts, Parts], tuple[Parts, Parts]]] = {
    "rnn": _rnn_step,
    "lstm": _lstm_step,
    "gru": _gru_step,
}


def _pre_activations(layer: Layer, vector: Array, here: Array, hidden: Parts, gates: int) -> list[Parts]:
    size = hidden.own.shape[1]
    blocks = [slice(gate * size, (gate + 1) * size) for gate in range(gates)]
    return [_sum(_of_hidden(layer, hidden, block), _of_word(layer, vector, here, block)) for block in blocks]


def _of_hidden(layer: Layer, hidden: Parts, block: slice) -> Parts:
    matrix = layer.weight_hh[block].T
    return Parts(hidden.own @ matrix, hidden.other @ matrix, layer.bias_hh[block])


def _of_word(layer: Layer, vector: Array, here: Array, block: slice) -> Parts:
    read = layer.weight_ih[block] @ vector
    return Parts(here * read, ~here * read, layer.bias_ih[block])


def _squash(value: Parts, function: Callable[[Array], Array]) -> Parts:
    """Share the function of a sum among its parts: the bias first, then the mean of both orders of the others."""
    own, other, bias = value
    alone, total = function(bias), function(own + other + bias)
    with_own, with_other = function(own + bias), function(other + bias)
    return Parts(
        (with_own - alone + total - with_other) / 2, (with_other - alone + total - with_own) / 2, alone + 0 * own
    )


def _product(one: Parts, two: Parts) -> Parts:
    """Share a product: what no other word has a part in is the word's, what biases alone make theirs."""
    own = one.own * (two.own + two.bias) + one.bias * two.own
    bias = one.bias * two.bias
    return Parts(own, one.all * two.all - own - bias, bias)


def _sum(one: Parts, two: Parts) -> Parts:
    return Parts(one.own + two.own, one.other + two.other, one.bias + two.bias)


def _given(value: Parts, here: Array) -> Parts:
    """Give what biases made to the word at whose step they made it."""
    return Parts(value.own + here * value.bias, value.other + ~here * value.bias, 0 * value.bias)
