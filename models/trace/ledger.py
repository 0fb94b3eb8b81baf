"""Exact accounts of which words made the verdict.

The write ledger says what each step wrote into the top layer's state that survived to the end (the pass of Arras et
al. 2017 and Du et al. 2019, stopped at the candidate). The deep ledger holds every gate and every tanh's ratio fixed,
so that the network becomes linear in its word vectors, and reads each word's share off that (layer-wise relevance
propagation with epsilon 0). Both add up, with the bias, to the target's logit. That they do proves nothing about the
gates: any keeping factor telescopes. The contributions are therefore built from what was written, and the gates are
checked by `Activations.residual`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.network.equations import Array
from models.trace.activations import Activations
from models.trace.cells import CELL_TRACES
from models.trace.linear import reverse_scan

TOLERANCE = 1e-4
"""The largest residual, as a share of the summed |contributions|, of a ledger that is right."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Who made the verdict: `words [T]` and `bias` add up to the target's logit less the head's bias.

    `units [T, k]` are the shares of units in them. In the write ledger they are the top layer's. In the deep ledger
    they are the first layer's, by whose candidate (RNN: hidden state) a word's vector came in; so for the selected
    units, which are of the top layer, they are null in a model of more layers than one.

    `bias` is what the network's own biases made (deep ledger; 0 in the write ledger). `residual` is what is missing
    from the sum, `cancellation` the sum of |words| over |logit - bias|: above 10 the shares say little.
    """

    words: Array
    units: Array | None
    bias: float
    sum: float
    residual: float
    cancellation: float

    @classmethod
    def of(cls, units: Array, bias: float, explained: float) -> "Ledger":
        """Return the ledger of contributions `units [T, H]` and `bias` to `explained`, the logit less its bias."""
        words = units.sum(axis=1)
        total = float(words.sum(dtype=np.float64)) + bias
        size = float(np.abs(words).sum()) + abs(bias)
        return cls(words, units, bias, total, explained - total, size / abs(explained) if explained else float("inf"))

    @property
    def error(self) -> float:
        """|residual| as a share of the summed |contributions|."""
        size = float(np.abs(self.words).sum(dtype=np.float64)) + abs(self.bias)
        return abs(self.residual) / size if size else abs(self.residual)

    def of_units(self, selected: Sequence[int] | None) -> "Ledger":
        """Return the same ledger with the selected units alone, or with none."""
        if self.units is None or selected is None:
            return replace(self, units=None)
        return replace(self, units=self.units[:, selected])


def write_ledger(activations: Activations, grad_hidden: Array, explained: float) -> Ledger | None:
    """Return what each step wrote that survived to the end; None for a cell without gated memory.

    `grad_hidden [T, H]` is the gradient through the head alone; `explained` the target's logit less the head's bias.
    """
    memory, top = CELL_TRACES[activations.cell].memory, activations.top
    if memory is None:
        return None
    readout = memory.readout(top.values)
    survives = reverse_scan(memory.kept(top.values), grad_hidden if readout is None else grad_hidden * readout)
    return Ledger.of(survives * memory.written(top.values), 0.0, explained)


def deep_ledger(activations: Activations, grad_hidden: Array, explained: float) -> Ledger:
    """Return each word's share, through all layers, with gates and tanh ratios fixed; arguments as of `write_ledger`.

    Where the shares of a long text grow and cancel each other past what single precision holds, they are computed in
    double.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = _deep_ledger(activations, grad_hidden, explained)
        if abs(found.residual) <= TOLERANCE:
            return found
        return _deep_ledger(activations, grad_hidden.astype(float), explained)


def _deep_ledger(activations: Activations, grad_hidden: Array, explained: float) -> Ledger:
    cell, bias = CELL_TRACES[activations.cell], 0.0
    for number in reversed(range(len(activations.layers))):
        layer, weights = activations.layers[number], activations.weights.layers[number]
        grad_candidate, of_biases = cell.backward_frozen(layer, weights, grad_hidden)
        bias += of_biases
        weight = weights.weight_ih[cell.candidate_rows(weights)]
        if number:
            grad_hidden = grad_candidate @ weight
    return Ledger.of(grad_candidate * (layer.inputs @ weight.T), bias, explained)
