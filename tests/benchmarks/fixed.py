"""The one model that every server serves: LSTM, E = H = 128, max||mean, seeded weights, a vocabulary of real words.

Speed does not depend on what the weights have learnt.
"""

from collections.abc import Sequence
from pathlib import Path

from export.publish.package import package
from models.bundle.repository import versions
from models.network.equations import Cell
from models.text.words import Vocabulary, typed
from tests.bundles import about, random_weights

MAX_WORDS = 1024
NAME: Cell = "lstm"
LABELS = ("rotten", "fresh")


def fixed_bundle(repository: Path, texts: Sequence[str]) -> Path:
    """The folder of the bundle, made in `repository` where it is not there yet."""
    if known := versions(repository, NAME):
        return repository / NAME / str(known[-1])
    vocabulary = Vocabulary.build((word for text in texts for word in typed(text)), min_count=2, size=20_000)
    weights = random_weights(NAME, vocabulary_size=len(vocabulary), embedding_size=128, hidden_size=128)
    return package(repository, NAME, weights, vocabulary, about(vocabulary, LABELS))
