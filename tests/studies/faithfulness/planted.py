"""The memory test: one telling word planted in a long text that tells the other way; who finds it, how far back?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Ids
from models.text.words import SPECIAL
from tests.studies.faithfulness.methods import Method
from tests.studies.faithfulness.model import StudiedModel

DISTANCES = (0, 5, 10, 20, 50, 100)
LENGTH = 120
TEXTS = 20
SEEDS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Planted:
    """Texts `ids [LENGTH]` by how many words follow the planted one, and what the word supports, `direction [C]`."""

    word: int
    direction: Array
    texts: Mapping[int, list[Ids]]


def plant(model: StudiedModel, reviews: Sequence[Ids], targets: Array, seed: int = 0) -> Planted:
    """Plant the word that, alone, most supports the last label into texts joined from reviews of the other labels, in
    the order that `seed` draws.
    """
    label = model.weights.classes - 1
    direction = np.full(model.weights.classes, -1.0 / label)
    direction[label] = 1.0
    known = [np.array([word], np.int64) for word in range(len(SPECIAL), len(model.weights.embedding))]
    word = len(SPECIAL) + int((model.logits(known) @ direction).argmax())
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(targets != label))
    others = np.concatenate([reviews[row] for row in rows])
    others = others[others != word]
    filler = np.resize(others, (TEXTS, LENGTH))
    texts = {distance: [_with(word, ids, distance) for ids in filler] for distance in DISTANCES}
    return Planted(word, direction, texts)


def hits(model: StudiedModel, planted: Planted, method: Method) -> Array:
    """How often the planted word has the largest share, `[len(DISTANCES)]`."""
    texts = [ids for group in planted.texts.values() for ids in group]
    scores = method(model, texts, np.tile(planted.direction, (len(texts), 1)))
    places = np.repeat([LENGTH - 1 - distance for distance in planted.texts], TEXTS)
    found = np.array([score.argmax() for score in scores]) == places
    rate: Array = found.reshape(len(planted.texts), TEXTS).mean(1)
    return rate


def _with(word: int, ids: Ids, distance: int) -> Ids:
    changed = ids.copy()
    changed[len(ids) - 1 - distance] = word
    return changed
