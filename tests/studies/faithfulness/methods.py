"""Who made the verdict? Many answers: for each word of a review its share in the explained logit.

A method takes the model, reviews (`ids [T]` each) and what is explained of each (`directions [N, C]` over the
logits), and gives one `[T]` a review.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.network.equations import Array, Ids
from models.network.padding import pad
from models.text.words import UNK
from models.trace import Ledger, Target, ledger, recover
from models.trace.activations import Activations
from models.trace.target import head_gradient, target_head
from tests.studies.faithfulness.decomposed import STEPS as STEPS_TAKEN_APART
from tests.studies.faithfulness.decomposed import contextual_decomposition, murdoch_szlam, reat, takes_apart
from tests.studies.faithfulness.model import StudiedModel, margins

STEPS = 50
ORDERS = 25
_GRADIENT_BATCH = 64
SHAPLEY, CONTEXTUAL = SLOW = ("sampled Shapley", "contextual decomposition")

Scores = list[Array]
Method = Callable[[StudiedModel, Sequence[Ids], Array], Scores]


def at_random(model: StudiedModel, reviews: Sequence[Ids], directions: Array, seed: int = 0) -> Scores:
    """A seeded draw: what any method must beat."""
    random = np.random.default_rng(seed)
    return [random.random(len(ids)) for ids in reviews]


def gradient_size(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """The Euclidean norm of the gradient by the word's vector (Simonyan et al. 2014)."""
    return _by_gradient(model, reviews, directions, (1.0,), lambda gradient, vectors: gradient.norm(dim=-1))


def gradient_input(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """The gradient times the word's vector (Shrikumar et al. 2016)."""
    return _by_gradient(model, reviews, directions, (1.0,), lambda gradient, vectors: (gradient * vectors).sum(-1))


def integrated_gradients(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """The mean gradient on the way from zero vectors, 50 midpoints, times the vector (Sundararajan et al. 2017)."""
    way = tuple((step + 0.5) / STEPS for step in range(STEPS))
    return _by_gradient(model, reviews, directions, way, lambda gradient, vectors: (gradient * vectors).sum(-1))


def delete_one(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """What the logit loses when the word is taken out (Li et al. 2016). Reviews need two words."""
    return _by_change(model, reviews, directions, np.delete)


def hide_one(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """What the logit loses when the word is made unknown."""
    return _by_change(model, reviews, directions, hidden_at)


def hidden_at(ids: Ids, places: Any) -> Ids:
    """`ids` with the words at `places` made unknown."""
    changed = ids.copy()
    changed[places] = UNK
    return changed


def _by_change(
    model: StudiedModel, reviews: Sequence[Ids], directions: Array, change: Callable[[Ids, int], Ids]
) -> Scores:
    lengths = np.array([len(ids) for ids in reviews])
    changed = [change(ids, t) for ids in reviews for t in range(len(ids))]
    before = np.repeat(margins(model.logits(reviews), directions), lengths)
    lost = before - margins(model.logits(changed), np.repeat(directions, lengths, axis=0))
    return np.split(lost, np.cumsum(lengths)[:-1])


def _by_gradient(
    model: StudiedModel,
    reviews: Sequence[Ids],
    directions: Array,
    scales: Sequence[float],
    share: Callable[[Tensor, Tensor], Tensor],
) -> Scores:
    """Scores from the mean gradient by the word vectors scaled by each of `scales`; `share` makes `[T, B]` of it."""
    found: dict[int, Array] = {}
    order = np.argsort([len(ids) for ids in reviews], kind="stable")
    for start in range(0, len(order), _GRADIENT_BATCH):
        rows = order[start : start + _GRADIENT_BATCH]
        gradient, vectors = _mean_gradient(model, [reviews[row] for row in rows], directions[rows], scales)
        scores = share(gradient, vectors).numpy()
        found |= {int(row): scores[: len(reviews[row]), column] for column, row in enumerate(rows)}
    return [found[row] for row in range(len(reviews))]


def _mean_gradient(
    model: StudiedModel, reviews: Sequence[Ids], directions: Array, scales: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """The mean over `scales` of the gradient by scaled word vectors, and the vectors: `[T, B, E]` each."""
    token_ids, lengths = (torch.from_numpy(array) for array in pad(reviews))
    wanted = torch.from_numpy(directions.astype(np.float32))
    vectors = model.network.embedding(token_ids).detach()
    total = torch.zeros_like(vectors)
    for scale in scales:
        leaf = (vectors * scale).requires_grad_()
        hook = model.network.embedding.register_forward_hook(lambda module, ids, output, leaf=leaf: leaf)
        try:
            explained = (model.network.eval()(token_ids, lengths.long()) * wanted).sum()
        finally:
            hook.remove()
        total += torch.autograd.grad(explained, leaf)[0]
    return total / len(scales), vectors


def sampled_shapley(model: StudiedModel, reviews: Sequence[Ids], directions: Array, seed: int = 0) -> Scores:
    """What the logit gains when the word comes to those known so far, mean over drawn orders (Strumbelj 2010)."""
    random = np.random.default_rng(seed)
    return [_shapley(model, ids, direction, random) for ids, direction in zip(reviews, directions, strict=True)]


def _shapley(model: StudiedModel, ids: Ids, direction: Array, random: np.random.Generator) -> Array:
    orders = [random.permutation(len(ids)) for _ in range(ORDERS)]
    asked = [hidden_at(ids, order[known:]) for order in orders for known in range(len(ids) + 1)]
    logits = model.logits(asked) @ direction
    gained = np.diff(logits.reshape(ORDERS, len(ids) + 1), axis=1)
    scores = np.zeros(len(ids))
    np.add.at(scores, np.stack(orders), gained / ORDERS)
    return scores


def write_ledger(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """What each step wrote into the top layer's memory that survived to the end. Not for an RNN."""
    return _by_ledger(model, reviews, directions, ledger.write_ledger)


def deep_ledger(model: StudiedModel, reviews: Sequence[Ids], directions: Array) -> Scores:
    """Each word's share with gates and tanh ratios frozen."""
    return _by_ledger(model, reviews, directions, ledger.deep_ledger)


def methods_of(model: StudiedModel) -> dict[str, Method]:
    """The methods that a model's cell has, by name."""
    found = {**METHODS, **({} if model.weights.cell == "rnn" else {"write ledger": write_ledger})}
    found |= {"deep ledger": deep_ledger, SHAPLEY: sampled_shapley}
    if takes_apart(model.weights):
        if model.weights.cell == "lstm":
            found |= {"Murdoch and Szlam": murdoch_szlam, "REAT": reat}
        if model.weights.cell in STEPS_TAKEN_APART:
            found |= {CONTEXTUAL: contextual_decomposition}
    return found


def _by_ledger(
    model: StudiedModel,
    reviews: Sequence[Ids],
    directions: Array,
    make: Callable[[Activations, Array, float], Ledger],
) -> Scores:
    logits = margins(model.logits(reviews), directions)
    found = []
    for ids, direction, logit in zip(reviews, directions, logits, strict=True):
        activations = recover(model.weights, ids, model.hidden(ids))
        head = target_head(model.weights, Target(int(direction.argmax()), None))
        gradient = head_gradient(head, activations.top["hidden"])
        found.append(make(activations, gradient, float(logit) - head.bias).words)
    return found


METHODS: Mapping[str, Method] = {
    "random": at_random,
    "gradient size": gradient_size,
    "gradient x input": gradient_input,
    "integrated gradients": integrated_gradients,
    "delete one": delete_one,
    "`<unk>` one": hide_one,
}
