"""From trained weights to a published bundle: graph, golden vectors, manifest, and the gate before it appears."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from export.publish.modifiers import Gains
from export.publish.verify import Network, require
from models.bundle.files import CORPUS, contents, describe
from models.bundle.manifest import (
    Abstain,
    Capability,
    CorpusFacts,
    Data,
    Golden,
    Manifest,
    Metrics,
    Provenance,
    Reference,
)
from models.bundle.repository import publish
from models.corpus.corpus_file import Corpus
from models.network.equations import Array, Weights
from models.network.onnx_graph import step_graph
from models.network.onnx_session import OnnxSession
from models.network.session import Session, run_whole
from models.network.state import state_tensors
from models.text.words import MAX_WORDS, PAD, UNK, Vocabulary

GOLDEN_TEXTS = (
    "Amazing! This box of cereal gave me a perfectly balanced breakfast, as all things should be.",
    "Dull, predictable and far too long: I wouldn't watch it again.",
    "<b>Not</b> bad.<br /><br />Not good either - but the last ten minutes 'almost' save it...",
    "İstanbul ﬁlm 🎬 naïve, 10/10; $5 well spent?",
    "a",
)


@dataclass(frozen=True, slots=True)
class About:
    """What a manifest says of a model beside its shape."""

    labels: tuple[str, ...]
    temperature: float
    data: Data
    metrics: Mapping[str, Metrics]
    behaviour: Mapping[str, Capability]
    modifiers: Gains
    abstain: Abstain | None
    reference: Reference
    provenance: Provenance


Documents = Callable[[Manifest], Mapping[str, bytes]]
"""Makes the files for people - model card, report - from a manifest that lacks only their hashes."""


def package(
    repository: Path,
    name: str,
    weights: Weights,
    vocabulary: Vocabulary,
    about: About,
    *,
    corpus: Corpus | None = None,
    network: Network | None = None,
    documents: Documents | None = None,
) -> Path:
    """Publish the next version of model `name` and return its folder.

    The bundle is written aside and verified there; raises `VerificationFailed`, with nothing left behind, where it
    does not pass.
    """
    graph = step_graph(weights).SerializeToString()
    files = contents(weights, vocabulary, graph) | ({CORPUS: corpus.dumps()} if corpus else {})
    facts = _of_network(weights, vocabulary, graph) | {
        field.name: getattr(about, field.name) for field in fields(about)
    }
    facts["corpus"] = CorpusFacts.model_validate(corpus.facts("validation")) if corpus else None

    def written(version: int) -> tuple[Manifest, Mapping[str, bytes]]:
        manifest = Manifest(name=name, version=version, files=describe(files), **facts)
        extra = documents(manifest) if documents else {}
        return manifest.model_copy(update={"files": describe({**files, **extra})}), {**files, **extra}

    return publish(repository, name, written, lambda folder: require(folder, network))


def _of_network(weights: Weights, vocabulary: Vocabulary, graph: bytes) -> dict[str, Any]:
    """Return what a manifest says of the shape of a network, and its golden answers."""
    layers = len(weights.layers)
    states = state_tensors(weights.cell, weights.pooling, layers, weights.hidden_size)
    return {
        "cell": weights.cell,
        "vocabulary_size": len(vocabulary),
        "embedding_size": weights.embedding_size,
        "hidden_size": weights.hidden_size,
        "layers": layers,
        "pooling": weights.pooling,
        "special_ids": {"pad": PAD, "unk": UNK},
        "parameters": sum(array.size for array in weights.tensors().values()),
        "states": states,
        "golden": golden_vectors(OnnxSession(graph, states, layers), vocabulary),
    }


def golden_vectors(session: Session, vocabulary: Vocabulary, known: int = 40) -> tuple[Golden, ...]:
    """Return answers to keep: of fixed texts, and two of the vocabulary's own words, one of them long."""
    random = np.random.default_rng(0)
    words = [word for word in vocabulary.words[2:] if vocabulary.encode(word, 2).ids.size == 1]
    drawn = [" ".join(random.choice(words, length).tolist()) for length in (known, 10 * known)] if words else []
    return tuple(_golden(session, vocabulary, text) for text in (*GOLDEN_TEXTS, *drawn))


def _golden(session: Session, vocabulary: Vocabulary, text: str) -> Golden:
    ids = vocabulary.encode(text, MAX_WORDS).ids
    logits: Array = run_whole(session, [ids]).logits[0]
    return Golden(text=text, ids=tuple(ids.tolist()), logits=tuple(logits.tolist()))
