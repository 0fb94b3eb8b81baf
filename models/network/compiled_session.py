"""The network in our own compiled loops (`native/`), from the same weights as the step graph.

What they do that ONNX Runtime's operators can't: the first layer has a word's gates, `W x + b`, in a table from the
first time that it reads the word; gates turn into state without leaving the registers; and a row that ends is left out
from the next step on.
"""

from collections.abc import Sequence

import numpy as np

from models.network.equations import CELLS, GATES, VALUES, Array, Ids, Layer, Weights
from models.network.pooling import REDUCTIONS, reductions
from models.network.session import Chunk, DeviceState, State, to_host
from models.network.state import state_tensors

try:
    from models.network import recurrence
except ImportError as error:
    IMPORT_ERROR: str | None = str(error)
else:
    IMPORT_ERROR = None
"""Why the loops can't be used here: they were not built, or for another kind of machine."""

MOST_TABLE_BYTES = 128 * 1024 * 1024
"""Where the gates of all words would take more, the loops multiply word vectors as they go."""


class CompiledSession:
    """The network of one bundle's weights. Rows are computed as they are: the state of one is a line of floats."""

    pads = False

    def __init__(self, weights: Weights, width: int | None = None, most_table_bytes: int = MOST_TABLE_BYTES) -> None:
        """`width` is that of the vectors, the widest of this machine where it is None."""
        packed = _Packed(weights, width or recurrence.widths()[0])
        self.backend = f"compiled loops, {packed.width} floats a vector"
        words = len(weights.embedding)
        self._network = recurrence.network(
            packed.width,
            CELLS.index(weights.cell),
            sum(1 << REDUCTIONS.index(name) for name in reductions(weights.pooling)),
            weights.hidden_size,
            weights.classes,
            words,
            words * packed.slots * packed.units * 4 <= most_table_bytes,
            np.ascontiguousarray(weights.embedding, np.float32),
            tuple(map(packed.layer, weights.layers)),
            packed.head(),
            np.ascontiguousarray(weights.head_bias, np.float32),
        )
        self._classes, self._hidden, self._layers = weights.classes, weights.hidden_size, len(weights.layers)
        self._states = state_tensors(weights.cell, weights.pooling, self._layers, self._hidden)
        self._units, self._values = packed.units, len(VALUES[weights.cell])
        self._row = recurrence.state_size(self._network)
        self.empty_state: State = (np.zeros((0, self._row), np.float32),)

    def run(
        self, ids_by_row: Sequence[Ids], carry: Ids, state: DeviceState, *, traced: bool, values: bool = False
    ) -> Chunk:
        """Run the network as `Session.run` says."""
        rows, lengths = len(ids_by_row), [*map(len, ids_by_row)]
        after = np.empty((rows, self._row), np.float32)
        answers = np.empty((2, rows, self._classes), np.float32)
        shape, layers = (max(lengths), rows), range(self._layers if traced else 0)
        hidden = [np.empty((*shape, self._hidden), np.float32) for _ in layers]
        kept = [np.empty((self._values, *shape, self._units), np.float32) for _ in layers if values]
        ids = np.concatenate(ids_by_row)
        (before,) = to_host(state)
        recurrence.step(
            self._network, ids, np.array(lengths, np.int32), carry, before, after, answers, (*hidden, *kept)
        )
        return Chunk(answers[0], answers[1], (after,), hidden, [layer[..., : self._hidden] for layer in kept])

    def import_state(self, state: State) -> State:
        """Return one line of floats: each state tensor, padded to whole blocks, then the count of steps."""
        line = np.zeros(self._row, np.float32)
        for number, tensor in enumerate(state):
            line[self._part(number)] = tensor
        return (line,)

    def export_state(self, state: State) -> State:
        """Return the state tensors of such a line."""
        (line,) = state
        return tuple(
            line[self._part(number)].astype(tensor.dtype).reshape(tensor.shape)
            for number, tensor in enumerate(self._states)
        )

    def _part(self, number: int) -> slice:
        """Return where the state tensor of that number stands in a line; the count of steps has the last places."""
        start = number * self._units
        return slice(start, start + self._hidden) if self._states[number].shape else slice(start, start + 1)


def compiled_sessions(weights: Weights) -> list[CompiledSession]:
    """Return a session for each vector width of this machine, the widest first; none where the loops were not built."""
    return [] if IMPORT_ERROR else [CompiledSession(weights, width) for width in recurrence.widths()]


class _Packed:
    """Weights in the order in which the loops read them: blocks of units, then inputs, then gates, then units.

    The units of a block are `width`, or, where there are fewer gates, twice (minGRU) or four times that (RNN). Added
    units stay zero. A sum begins with its bias, in `slots` a block: the GRU's candidate has two, since the reset gate
    is to come between.
    """

    def __init__(self, weights: Weights, width: int) -> None:
        self.width, self._weights = width, weights
        gates = len(GATES[weights.cell])
        self.slots = gates if gates <= 2 else 4
        self.block = 4 * width // self.slots
        whole = max(self.block, 16)
        self.units = -(-weights.hidden_size // whole) * whole

    def layer(self, layer: Layer) -> tuple[int, Array, Array, Array]:
        """Return I, biases `[blocks, slots, block]`, input and recurrent weights `[blocks, I, gates, block]`."""
        inputs, recurrent = (self._by_block(weight.T) for weight in (layer.weight_ih, layer.weight_hh))
        return layer.weight_ih.shape[1], self._by_block(self._biases(layer)[None]), inputs, recurrent

    def head(self) -> Array:
        """Return the head, `[C, reductions, units]`."""
        return self._padded(self._weights.head_weight.reshape(self._weights.classes, -1, self._weights.hidden_size))

    def _biases(self, layer: Layer) -> Array:
        if self._weights.cell != "gru":
            return layer.bias_ih + layer.bias_hh if len(layer.bias_hh) else layer.bias_ih
        added = 2 * self._weights.hidden_size
        return np.concatenate(
            [layer.bias_ih[:added] + layer.bias_hh[:added], layer.bias_ih[added:], layer.bias_hh[added:]]
        )

    def _by_block(self, values: Array) -> Array:
        """Return `values [N, gates * H]` as `[blocks, N, gates, block]`."""
        count, gates = len(values), values.shape[1] // self._weights.hidden_size
        rows = self._padded(values.reshape(count, gates, self._weights.hidden_size))
        by_block = rows.reshape(count, gates, self.units // self.block, self.block)
        return np.ascontiguousarray(by_block.transpose(2, 0, 1, 3))

    def _padded(self, array: Array) -> Array:
        """Fill up the last axis, one value a unit, with zeros."""
        added = self.units - array.shape[-1]
        return np.ascontiguousarray(np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, added)]), np.float32)
