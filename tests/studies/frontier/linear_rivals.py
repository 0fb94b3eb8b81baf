"""Rivals that weigh words: the linear models of an export, fastText, and mean static vectors under a linear model."""

import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from export.data.splits import DataSplit, Splits
from export.data.wheels import Wheel
from export.training.baselines import Baseline, linear, nb_svm
from export.training.dataset import Dataset, folded_words
from models.network.equations import Array
from tests.studies.frontier.rival import BUCKETS, LABELS, Rival

WORDLLAMA = Wheel("wordllama==0.4.0.post1", "42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97")
VECTORS = "wordllama/weights/l2_supercat_256.safetensors"
PIECES = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
RATES, PASSES = (0.1, 0.25, 0.5), (5, 10, 25)


def linear_rivals(dataset: Dataset) -> Iterator[Rival]:
    """Yield the linear models that an export compares its networks with."""
    for fit in (linear, nb_svm):
        yield _of_baseline(fit(dataset))


def _of_baseline(baseline: Baseline) -> Rival:
    kept = len(pickle.dumps(baseline.probabilities_of))
    return Rival(baseline.name, "linear", LABELS, kept, lambda text: int(baseline.predict([text])[0].argmax()))


def fasttext(splits: Splits) -> Iterator[Rival]:
    """Yield fastText with pairs of words, rate and passes chosen on validation; nothing where it is not installed."""
    if find_spec("fasttext") is None:
        return
    import fasttext as library

    with tempfile.TemporaryDirectory() as name:
        lines, file = Path(name) / "train.txt", Path(name) / "model.bin"
        lines.write_text("".join(_line(text, target) for text, target in _rows(splits.train)))
        tried = [
            library.train_supervised(
                str(lines), lr=rate, epoch=passes, wordNgrams=2, bucket=BUCKETS, thread=1, seed=0, verbose=0
            )
            for rate, passes in product(RATES, PASSES)
        ]
        best = max(tried, key=lambda model: _right(lambda text: _fasttext_answer(model, text), splits.validation))
        best.save_model(str(file))
        yield Rival("fastText", "linear", LABELS, file.stat().st_size, lambda text: _fasttext_answer(best, text))


def _line(text: str, target: int) -> str:
    return f"__label__{target} {' '.join(folded_words(text))}\n"


def _fasttext_answer(model: Any, text: str) -> int:
    ((label,), _) = model.predict(" ".join(folded_words(text)))
    return int(label.removeprefix("__label__"))


def static_vectors(splits: Splits, cache: Path) -> Iterator[Rival]:
    """Yield logistic regression on the mean of WordLlama's 256 numbers a piece, its penalty chosen on validation."""
    with zipfile.ZipFile(WORDLLAMA.fetch(cache)) as wheel:
        stored, pieces = wheel.read(VECTORS), wheel.read(PIECES)
    (table,), tokenizer = load(stored).values(), Tokenizer.from_str(pieces.decode())

    def vector(text: str) -> Array:
        found: Array = table[tokenizer.encode(text, add_special_tokens=False).ids].mean(axis=0, dtype=np.float32)
        return found

    yield on_vectors("WordLlama, mean", "static vectors", vector, splits, len(stored) + len(pieces))


def on_vectors(name: str, family: str, vector: Callable[[str], Array], splits: Splits, kept: int) -> Rival:
    """Return logistic regression on one vector a text, its penalty chosen on validation."""
    train = np.stack([vector(text) for text in splits.train.texts])
    validation = np.stack([vector(text) for text in splits.validation.texts])
    tried = [LogisticRegression(C=penalty, max_iter=2000).fit(train, splits.train.targets) for penalty in PENALTIES]
    best = max(tried, key=lambda model: float((model.predict(validation) == splits.validation.targets).mean()))
    weights, bias = best.coef_[0].astype(np.float32), float(best.intercept_[0])
    return Rival(name, family, LABELS, kept + weights.nbytes, lambda text: int(vector(text) @ weights + bias > 0))


def _rows(part: DataSplit) -> Iterator[tuple[str, int]]:
    return zip(part.texts, part.targets.tolist(), strict=True)


def _right(answer: Callable[[str], int], part: DataSplit) -> float:
    return float(np.mean([answer(text) == target for text, target in _rows(part)]))
