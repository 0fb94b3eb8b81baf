"""The classifier as a torch module: the form in which it learns. The only file of this package that imports torch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.network.equations import GATES, Array, Cell, Pooling, Weights
from models.text.words import PAD

RECURRENT: dict[Cell, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


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
        self.head = nn.Linear((2 if shape.pooling == "max||mean" else 1) * shape.hidden, shape.classes)
        self._initialise()

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits `[B, C]` of padded reviews: `token_ids` int64 `[T, B]`, `lengths` int64 `[B]`, each 1..T."""
        vectors = self.embedding(token_ids)
        if self.training and self.dropout.embedding:
            vectors = vectors * nn.functional.dropout(torch.ones_like(vectors[:1]), self.dropout.embedding)
        hidden, _ = self.rnn(vectors)
        pooled = self._pool(hidden, lengths)
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
        """Logits `[B, C]` of `token_ids [T, B]` and `lengths [B]` as arrays, without dropout."""
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

    def _pool(self, hidden: Tensor, lengths: Tensor) -> Tensor:
        """`hidden [T, B, H]` over each review's own steps: `[B, H]`, or `[B, 2H]`."""
        if self.shape.pooling == "last":
            return hidden[lengths - 1, torch.arange(len(lengths), device=hidden.device)]
        steps = torch.arange(len(hidden), device=hidden.device)
        padding = (steps[:, None] >= lengths[None, :]).unsqueeze(-1)
        pooled = []
        if self.shape.pooling in {"max", "max||mean"}:
            pooled.append(hidden.masked_fill(padding, -torch.inf).amax(0))
        if self.shape.pooling in {"mean", "max||mean"}:
            pooled.append(hidden.masked_fill(padding, 0.0).sum(0) / lengths[:, None])
        return torch.cat(pooled, 1)

    @torch.no_grad()
    def _initialise(self) -> None:
        """Orthogonal recurrent blocks (Saxe et al. 2014), forget gates open (Jozefowicz et al. 2015)."""
        gates = GATES[self.shape.cell]
        for name, parameter in self.rnn.named_parameters():
            blocks = parameter.chunk(len(gates))
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
