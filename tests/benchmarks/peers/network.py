"""What every peer serves: text in, label and probabilities out, one padded batch a call.

Needs NumPy and ONNX Runtime only, and `models.text.words` for the words: every server cuts a text in the same way.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

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
        self._nothing = {s["name"]: np.zeros((0, *s["shape"]), s["dtype"]) for s in manifest["states"]}
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(folder / "step.onnx", options, providers=["CPUExecutionProvider"])
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
        lengths = np.array([len(ids) for ids in rows], np.int32)
        token_ids = np.zeros((int(lengths.max()), len(rows)), np.int64)
        for column, ids in enumerate(rows):
            token_ids[: len(ids), column] = ids
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": np.full(len(rows), -1, np.int64), **self._nothing}
        probabilities: np.ndarray = self._session.run(["probabilities"], feed)[0]
        return probabilities
