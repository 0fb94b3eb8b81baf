"""What every peer serves: text in, label and probabilities out, one padded batch a call.

Needs NumPy and ONNX Runtime only: words, padding and the session are those of `models`, the same for every server.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.network.onnx_session import OnnxSession
from models.network.session import run_whole
from models.network.state import StateTensor
from models.text.words import Vocabulary


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one text: `probabilities` in the order of the labels, `words` read."""

    label: str
    probabilities: list[float]
    words: int

    def body(self) -> dict[str, object]:
        """The answer as JSON holds it."""
        return {"label": self.label, "probabilities": self.probabilities, "words": self.words}


class Network:
    """A bundle in ONNX Runtime, each call one batch of fresh reviews padded to the longest."""

    def __init__(self, folder: Path, threads: int, max_words: int) -> None:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        self.labels: list[str] = manifest["labels"]
        self.vocabulary = Vocabulary.loads((folder / "words.json").read_bytes())
        self._max_words = max_words
        states = [StateTensor(**state) for state in manifest["states"]]
        graph = (folder / "step.onnx").read_bytes()
        self._session = OnnxSession(graph, states, manifest["layers"], threads=threads)
        self.classify(["warm up"])

    @classmethod
    def from_environment(cls) -> "Network":
        """The network as `BENCH_BUNDLE`, `BENCH_THREADS` and `BENCH_MAX_WORDS` describe it."""
        read = os.environ
        return cls(Path(read["BENCH_BUNDLE"]), int(read["BENCH_THREADS"]), int(read["BENCH_MAX_WORDS"]))

    def classify(self, texts: Sequence[str]) -> list[Answer]:
        """The answers to `texts`, which share one call of the graph."""
        rows = [self.vocabulary.encode(text, self._max_words).ids for text in texts]
        found = self.run(rows)
        labels = found.argmax(axis=1)
        return [
            Answer(self.labels[label], row, len(ids))
            for label, row, ids in zip(labels, found.tolist(), rows, strict=True)
        ]

    def run(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """The probabilities `[B, C]` of rows of word ids, padded to the longest."""
        return run_whole(self._session, rows).probabilities
