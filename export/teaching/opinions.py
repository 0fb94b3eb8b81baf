"""What a teacher thinks of texts, as a small file: a fingerprint of each text and a byte of probability, no text."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from models.network.equations import Array
from models.reviews.errors import DataError

BUILT_IN = Path(__file__).with_name("critics.safetensors")
LEVELS = 255


@dataclass(frozen=True, slots=True)
class Opinions:
    """Probabilities of the second label by the fingerprint of a text.

    `training` is the fingerprint of the split that the teacher learnt from, `teacher` what it was.
    """

    teacher: str
    training: str
    by_text: dict[int, int]

    @classmethod
    def of(cls, texts: Sequence[str], probabilities: Array, *, teacher: str, training: str) -> "Opinions":
        """Return the opinions `probabilities [N]` of `texts`, each rounded to a byte."""
        levels = np.rint(LEVELS * np.asarray(probabilities)).astype(int).tolist()
        return cls(teacher, training, dict(zip(map(fingerprint, texts), levels, strict=True)))

    def about(self, texts: Sequence[str]) -> Array:
        """Return the probability of the second label for each of `texts`, `[N]`; NaN where there is no opinion."""
        levels = [self.by_text.get(fingerprint(text), np.nan) for text in texts]
        return np.array(levels, np.float64) / LEVELS

    def write(self, file: Path) -> None:
        """Write the opinions to `file`."""
        ordered = sorted(self.by_text.items())
        tensors: dict[str, NDArray[np.uint64] | NDArray[np.uint8]] = {
            "fingerprints": np.array([key for key, _ in ordered], np.uint64),
            "probabilities": np.array([level for _, level in ordered], np.uint8),
        }
        save_file(tensors, file, {"teacher": self.teacher, "training": self.training})

    @classmethod
    def read(cls, file: Path) -> "Opinions":
        """Read what `write` wrote. Raises `DataError` where the file is something else."""
        try:
            with safe_open(file, "numpy") as stored:
                about = stored.metadata()
                keys, levels = stored.get_tensor("fingerprints"), stored.get_tensor("probabilities")
                return cls(about["teacher"], about["training"], dict(zip(keys.tolist(), levels.tolist(), strict=True)))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{file}: no opinions of a teacher: {error}") from error


def fingerprint(text: str) -> int:
    """Return 64 bits that stand for `text`."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
