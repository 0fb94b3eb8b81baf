"""The corpus of a bundle: the reviews that a network was validated on, as it read them, in one safetensors file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as safetensors_bytes

from models.network.equations import Array

MOST_WORDS = 32_768
"""Words of all reviews together: with 128 units the file takes 4.3 MB and the texts."""

LEVELS = 127
"""A hidden state is kept as a whole number between -127 and 127: its part of the largest that its unit has."""

_KINDS = {
    "hidden": (np.int8, 2),
    "scale": (np.float32, 1),
    "shares": (np.float32, 1),
    "log_kept": (np.float32, 1),
    "starts": (np.int64, 1),
    "targets": (np.int64, 1),
    "probabilities": (np.float32, 2),
    "fingerprints": (np.uint8, 2),
}


class InvalidCorpus(ValueError):
    """A corpus file that does not hold together; the message says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """R reviews, N words in all, as one network read them; review r has the words `starts[r]` to `starts[r + 1]`.

    `hidden [N, H]`, times `scale [H] / 127`, are the top layer's hidden states. `shares [N]` is what each word brought
    to the answer against the runner-up, in logits (deep ledger). `log_kept [H]` is the mean of ln of what each unit's
    gate keeps a word; it is empty for a cell without such a gate. `targets [R]` are the label indices that are right,
    `probabilities [R, C]` the network's. `fingerprints [R, 8]` begin the SHA-256 of each text; `texts` are there where
    their terms allow it, or their owner wishes it.
    """

    hidden: NDArray[np.int8]
    scale: Array
    shares: Array
    log_kept: Array
    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    probabilities: Array
    fingerprints: NDArray[np.uint8]
    texts: tuple[str, ...] | None

    @property
    def answers(self) -> NDArray[np.int64]:
        """The label index that the network gives each review, `[R]`."""
        found: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return found

    def facts(self, source: str) -> dict[str, str | int | bool]:
        """Return what a manifest says of the corpus, which was made from the reviews of `source`."""
        reviews, words = len(self.targets), len(self.hidden)
        return {"source": source, "reviews": reviews, "words": words, "texts": self.texts is not None}

    def words_of(self, review: int) -> slice:
        """Return where the words of a review stand among all."""
        return slice(int(self.starts[review]), int(self.starts[review + 1]))

    def dumps(self) -> bytes:
        """Return the file."""
        tensors = {name: np.ascontiguousarray(getattr(self, name), kind) for name, (kind, _) in _KINDS.items()}
        if self.texts is not None:
            encoded = [text.encode() for text in self.texts]
            tensors["texts"] = np.frombuffer(b"".join(encoded), np.uint8)
            tensors["text_ends"] = np.cumsum([len(text) for text in encoded], dtype=np.int64)
        return safetensors_bytes(tensors)

    @classmethod
    def loads(cls, data: bytes, units: int, classes: int) -> "Corpus":
        """Read a file of `dumps`, of a network with so many units and labels. Raises `InvalidCorpus`."""
        try:
            tensors = load_tensors(data)
        except (SafetensorError, KeyError) as error:
            raise InvalidCorpus(f"not a safetensors file: {error}") from error
        _check_kinds(tensors)
        corpus = cls(**{name: tensors[name] for name in _KINDS}, texts=_texts(tensors))
        _check_sizes(corpus, units, classes)
        return corpus


def _check_kinds(tensors: dict[str, Array]) -> None:
    for name, (kind, axes) in _KINDS.items():
        if name not in tensors:
            raise InvalidCorpus(f"lacks {name}")
        if tensors[name].dtype != kind or tensors[name].ndim != axes:
            raise InvalidCorpus(f"{name} is no {np.dtype(kind).name} of {axes} axes")
        if not np.isfinite(tensors[name]).all():
            raise InvalidCorpus(f"{name} holds NaN or infinity")


def _check_sizes(corpus: Corpus, units: int, classes: int) -> None:
    words, reviews = len(corpus.hidden), len(corpus.targets)
    fit = (
        reviews > 0
        and corpus.hidden.shape == (words, units)
        and corpus.scale.shape == (units,)
        and corpus.shares.shape == (words,)
        and corpus.log_kept.size in (0, units)
        and corpus.probabilities.shape == (reviews, classes)
        and len(corpus.starts) == reviews + 1
        and corpus.fingerprints.shape == (reviews, 8)
        and (corpus.texts is None or len(corpus.texts) == reviews)
    )
    if not fit or words > MOST_WORDS:
        raise InvalidCorpus(f"its sizes do not fit each other, or the network's {units} units and {classes} labels")
    if corpus.starts[0] != 0 or corpus.starts[-1] != words or (np.diff(corpus.starts) < 1).any():
        raise InvalidCorpus("its reviews do not follow each other")
    if not 0 <= corpus.targets.min() <= corpus.targets.max() < classes:
        raise InvalidCorpus("a review has a label that the network does not know")


def _texts(tensors: dict[str, Array]) -> tuple[str, ...] | None:
    if "texts" not in tensors:
        return None
    try:
        data, ends = tensors["texts"].tobytes(), tensors["text_ends"].tolist()
        return tuple(data[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))
    except (KeyError, UnicodeDecodeError, TypeError) as error:
        raise InvalidCorpus(f"its texts can't be read: {error}") from error
