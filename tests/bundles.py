"""Small bundles of seeded random weights: everything of a real bundle but the learning."""

import json
import random
from pathlib import Path

import numpy as np

from export.publish.build_corpus import corpus_of
from export.publish.modifiers import PLACES
from export.publish.package import About, package
from export.publish.reference import reference
from export.training.dataset import encode
from models.bundle.files import MANIFEST, describe
from models.bundle.manifest import Abstain, Answered, Data, Interval, Metrics, Provenance, Split
from models.corpus.corpus_file import Corpus
from models.network.equations import GATES, RECURRENT_GATES, Cell, Weights
from models.network.pooling import Pooling, reductions
from models.text.words import Vocabulary

COMMON = """a all amazing and as bad balanced be best box but by can't did do dull film for funny gave good great had
has he her his i in is it just like long me more movie much never no not of on one out perfect plot really scene she
so story than that the their there they this time to too was watch well what when who will with worst would you
! " ' ( ) , - . / 0 1 10 2 5 : ; ?"""
WORDS = COMMON.split()
REVIEWS = 40


def vocabulary() -> Vocabulary:
    """A hundred or so common words."""
    return Vocabulary(["<pad>", "<unk>", *WORDS])


def random_weights(
    cell: Cell,
    pooling: Pooling = "max||mean",
    *,
    vocabulary_size: int = len(WORDS) + 2,
    embedding_size: int = 12,
    hidden_size: int = 10,
    layers: int = 1,
    classes: int = 2,
    seed: int = 0,
) -> Weights:
    """Seeded float32 weights of moderate size, biases included."""
    drawn = np.random.default_rng(seed)

    def normal(*shape: int, scale: float = 0.3) -> np.ndarray:
        return drawn.normal(scale=scale, size=shape).astype(np.float32)

    rows, recurrent = (len(gates[cell]) * hidden_size for gates in (GATES, RECURRENT_GATES))
    inputs = embedding_size
    tensors = {"embedding.weight": normal(vocabulary_size, embedding_size, scale=1.0)}
    for layer in range(layers):
        tensors[f"rnn.weight_ih_l{layer}"] = normal(rows, inputs, scale=inputs**-0.5)
        tensors[f"rnn.weight_hh_l{layer}"] = normal(recurrent, hidden_size, scale=hidden_size**-0.5)
        tensors[f"rnn.bias_ih_l{layer}"] = normal(rows)
        tensors[f"rnn.bias_hh_l{layer}"] = normal(recurrent)
        inputs = hidden_size
    pooled = len(reductions(pooling)) * hidden_size
    tensors["head.weight"], tensors["head.bias"] = normal(classes, pooled, scale=0.7), normal(classes)
    return Weights.from_tensors(cell, pooling, tensors)


def about(known: Vocabulary, labels: tuple[str, ...] = ("rotten", "fresh")) -> About:
    """Plausible facts about a model that has learnt nothing."""
    classes = len(labels)
    metrics = Metrics(
        rows=4,
        accuracy=0.5,
        accuracy_interval=Interval(low=0.15, high=0.85),
        f1=0.5,
        auc=0.5,
        log_loss=0.7,
        calibration_error=0.1,
    )
    return About(
        labels=labels,
        temperature=1.0,
        data=Data(
            name="random",
            source="none",
            licence="none",
            split_rule="none",
            splits={"train": Split(rows=4, fingerprint="0")},
            duplicates=0,
            overlap=0,
        ),
        metrics={"test": metrics},
        behaviour={},
        modifiers={"not": dict.fromkeys(PLACES, -0.5)},
        abstain=Abstain(accuracy=0.9, below=0.6, answered={"test": Answered(share=0.5, accuracy=0.9)}),
        reference=reference([known.encode(" ".join(WORDS[:20]), 99).ids] * 4, np.eye(classes)[[0, 0, 1, 1]], labels),
        provenance=Provenance(
            created="2026-01-01T00:00:00Z",
            command="tests",
            git_commit=None,
            seed=0,
            libraries={},
            settings={},
            seconds_to_train=0.0,
            epochs=0,
        ),
    )


def corpus(weights: Weights, *, keep_texts: bool = True) -> Corpus:
    """A corpus of forty short reviews of the small vocabulary, and some words that are not in it."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices([*WORDS, "Marvellous", "𝒢rand"], k=draw.randint(1, 14))) for _ in range(REVIEWS)]
    targets = np.array([draw.randrange(weights.classes) for _ in texts])
    return corpus_of(weights, encode(texts, vocabulary()), texts, targets, keep_texts=keep_texts)


def write_bundle(
    repository: Path,
    name: str,
    weights: Weights,
    labels: tuple[str, ...] = ("rotten", "fresh"),
    corpus: Corpus | None = None,
) -> Path:
    """Publish a verified bundle of `weights` with the small vocabulary and return its folder."""
    known = vocabulary()
    return package(repository, name, weights, known, about(known, labels), corpus=corpus)


def change_manifest(folder: Path, **values: object) -> None:
    """Give fields of a bundle's manifest other values."""
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, **values}))


def rehash(folder: Path) -> None:
    """Make the manifest say the sizes and hashes that a bundle's files have now, as a faulty exporter would."""
    names = json.loads((folder / MANIFEST).read_text())["files"]
    files = describe({name: (folder / name).read_bytes() for name in names})
    change_manifest(folder, files={name: file.model_dump() for name, file in files.items()})
