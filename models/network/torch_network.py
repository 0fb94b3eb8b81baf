"""The classifier as a torch module: the form in which it learns. The only file of this package that imports torch."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.network.equations import GATES, RECURRENT_GATES, Array, Cell, Weights
from models.network.pooling import Pooling, Reduction, reductions
from models.text.words import PAD


class MinGRU(nn.Module):
    """Layers of minGRU cells, called as `nn.GRU` is, all steps of a layer at once; see `equations.mingru_step`."""

    def __init__(self, inputs: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self._layers, self._dropout = layers, dropout
        for number in range(layers):
            width = hidden if number else inputs
            shapes = {
                "weight_ih": (2 * hidden, width),
                "weight_hh": (0, hidden),
                "bias_ih": (2 * hidden,),
                "bias_hh": (0,),
            }
            for name, shape in shapes.items():
                self.register_parameter(f"{name}_l{number}", nn.Parameter(torch.empty(shape)))

    def forward(self, inputs: Tensor) -> tuple[Tensor, None]:
        """Return the hidden states of the last layer over `inputs [T, B, I]`: `[T, B, H]`."""
        for number in range(self._layers):
            if number:
                inputs = nn.functional.dropout(inputs, self._dropout, self.training)
            weight, bias = (self.get_parameter(f"{name}_l{number}") for name in ("weight_ih", "bias_ih"))
            update, candidate = nn.functional.linear(inputs, weight, bias).chunk(2, -1)
            keep = torch.sigmoid(update)
            inputs = scan(keep, (1 - keep) * candidate)
        return inputs, None


def scan(keep: Tensor, write: Tensor) -> Tensor:
    """Return `s_t = keep_t s_{t-1} + write_t` from zero, `[T, B, H]`, in log T rounds (Hillis and Steele 1986).

    After each round a step has looked back twice as far.
    """
    back = 1
    while back < len(write):
        write = torch.cat([write[:back], write[back:] + keep[back:] * write[:-back]])
        keep = torch.cat([keep[:back], keep[back:] * keep[:-back]])
        back *= 2
    return write


RECURRENT: dict[Cell, Callable[..., nn.Module]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU, "mingru": MinGRU}

REDUCE: dict[Reduction, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "last": lambda hidden, lengths, _: hidden[lengths - 1, torch.arange(len(lengths), device=hidden.device)],
    "max": lambda hidden, _, padding: hidden.masked_fill(padding, -torch.inf).amax(0),
    "mean": lambda hidden, lengths, padding: hidden.masked_fill(padding, 0.0).sum(0) / lengths[:, None],
}
"""`[B, H]` of hidden states `[T, B, H]`: `lengths [B]` are a review's own, all others are `padding [T, B, 1]`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a classifier is before it has learnt anything: V words, E wide vectors, H units in each layer, C labels."""

    cell: Cell
    pooling: Pooling
    vocabulary: int
    embedding: int
    hidden: int
    layers: int
    classes: int


@dataclass(frozen=True, slots=True)
class Dropout:
    """Rates, only while training: of the word vectors' units (one draw a review), between layers, before the head."""

    embedding: float = 0.0
    layers: float = 0.0
    head: float = 0.0


class Classifier(nn.Module):
    """Embedding, recurrent layers, pooling over time, linear head; parameters are named as `Weights.tensors` does."""

    def __init__(self, shape: Shape, dropout: Dropout | None = None) -> None:
        super().__init__()
        self.shape, self.dropout = shape, dropout or Dropout()
        between = self.dropout.layers if shape.layers > 1 else 0.0
        self.embedding = nn.Embedding(shape.vocabulary, shape.embedding, padding_idx=PAD)
        self.rnn = RECURRENT[shape.cell](shape.embedding, shape.hidden, shape.layers, dropout=between)
        self.head = nn.Linear(len(reductions(shape.pooling)) * shape.hidden, shape.classes)
        self._initialise()

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits `[B, C]` of padded reviews, `token_ids [T, B]` and `lengths [B]` of 1..T, both int64."""
        vectors = self.embedding(token_ids)
        if self.training and self.dropout.embedding:
            vectors = vectors * nn.functional.dropout(torch.ones_like(vectors[:1]), self.dropout.embedding)
        hidden, _ = self.rnn(vectors)
        pooled = self.pool(hidden, lengths)
        logits: Tensor = self.head(nn.functional.dropout(pooled, self.dropout.head, self.training))
        return logits

    @classmethod
    def from_weights(cls, weights: Weights) -> "Classifier":
        """Return the network that has learnt `weights`, without dropout."""
        vocabulary, embedding = weights.embedding.shape
        sizes = (vocabulary, embedding, weights.hidden_size, len(weights.layers), weights.classes)
        network = cls(Shape(weights.cell, weights.pooling, *sizes)).eval()
        network.load(weights)
        return network

    @torch.inference_mode()
    def logits(self, token_ids: Array, lengths: Array) -> Array:
        """Return the logits `[B, C]` of `token_ids [T, B]` and `lengths [B]` as arrays, without dropout."""
        device = self.head.weight.device
        found = self.eval()(torch.from_numpy(token_ids).to(device), torch.from_numpy(lengths).long().to(device))
        logits: Array = found.cpu().numpy()
        return logits

    def weights(self, temperature: float = 1.0) -> Weights:
        """Return a float32 copy of what was learnt, with `temperature` folded into the head."""
        arrays = {name: tensor.detach().cpu().float().numpy().copy() for name, tensor in self.state_dict().items()}
        arrays |= {name: arrays[name] / temperature for name in ("head.weight", "head.bias")}
        return Weights.from_tensors(self.shape.cell, self.shape.pooling, arrays)

    def load(self, weights: Weights) -> None:
        """Take over `weights`. Raises `ValueError` where they are of another cell, pooling or size."""
        if (weights.cell, weights.pooling) != (self.shape.cell, self.shape.pooling):
            raise ValueError(f"the weights are of a {weights.cell} with {weights.pooling} pooling")
        try:
            self.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.tensors().items()})
        except RuntimeError as error:
            raise ValueError(f"the weights do not fit: {error}") from error

    def pool(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """Return what the head reads of `hidden [T, B, H]`, over each review's own steps: `[B, D]`."""
        steps = torch.arange(len(hidden), device=hidden.device)
        padding = (steps[:, None] >= lengths[None, :]).unsqueeze(-1)
        return torch.cat([REDUCE[name](hidden, lengths, padding) for name in reductions(self.shape.pooling)], 1)

    @torch.no_grad()
    def _initialise(self) -> None:
        """Begin with orthogonal recurrent blocks (Saxe et al. 2014) and forget gates open (Jozefowicz et al. 2015)."""
        for name, parameter in self.rnn.named_parameters():
            gates = (RECURRENT_GATES if "_hh" in name else GATES)[self.shape.cell]
            blocks = parameter.chunk(len(gates)) if gates else ()
            for gate, block in zip(gates, blocks, strict=True):
                if "bias" in name:
                    block.fill_(1.0 if gate == "forget" and "bias_ih" in name else 0.0)
                elif "weight_hh" in name:
                    nn.init.orthogonal_(block)
                else:
                    nn.init.xavier_uniform_(block)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.embedding.weight[PAD] = 0.0
        nn.init.zeros_(self.head.bias)
