"""Does an explanation show the "not" of "This film is not good."?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from export.data.grammar import read_toml
from export.data.reviews import positive_label
from export.publish.behaviour import FILE
from models.text.words import Vocabulary
from tests.studies.faithfulness.methods import Method
from tests.studies.faithfulness.model import StudiedModel

SUBJECTS = ("This film is", "The story is", "This phone is")
WORDS = 20


@dataclass(frozen=True, slots=True)
class Negations:
    """Sentences such as "This film is not good.", as ids, and what speaks for blame, `direction [C]`."""

    reviews: Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]]
    direction: np.ndarray[tuple[int], np.dtype[np.float64]]
    places: Sequence[int]
    """Where "not" stands in each; the word that it turns round is the next."""


def negations(model: StudiedModel, vocabulary: Vocabulary, labels: Sequence[str]) -> Negations:
    """Return the sentences that `model` reads as blame."""
    praise = positive_label(labels)
    assert praise is not None
    direction = np.array([-1.0, -1.0])
    direction[1 - praise] = 1.0
    words = read_toml(FILE)["words"]["good"][:WORDS]
    found = [vocabulary.encode(f"{subject} not {word}.", 99).ids for subject, word in product(SUBJECTS, words)]
    read = model.logits(found) @ direction > 0
    kept = [ids for ids, right in zip(found, read, strict=True) if right]
    return Negations(kept, direction, [len(ids) - 3 for ids in kept])


def names_not(model: StudiedModel, given: Negations, method: Method) -> tuple[float, float]:
    """Return how often "not" speaks for blame, and how often it is what speaks for it most, 0 to 1."""
    if not given.reviews:
        return float("nan"), float("nan")
    scores = method(model, given.reviews, np.tile(given.direction, (len(given.reviews), 1)))
    pairs = list(zip(scores, given.places, strict=True))
    return float(np.mean([score[place] > 0 for score, place in pairs])), float(
        np.mean([score.argmax() == place for score, place in pairs])
    )
