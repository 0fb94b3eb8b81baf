"""The corpus of a bundle, made: reviews read by the network, their hidden states in a byte each."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.corpus.corpus_file import LEVELS, MOST_WORDS, Corpus
from models.network.bulk import ROWS, run_group
from models.network.equations import Array, Ids, Weights, softmax
from models.network.onnx_graph import open_step_graph
from models.network.padding import by_length
from models.trace.analysis import Analysis
from models.trace.cells import CELL_TRACES
from models.trace.target import Target

LEAST_KEPT = 1e-7
MOST_LOGITS = 1000.0
"""What the |shares| of a review can sum up to and mean anything: an RNN's deep ledger of a long text can overflow."""


def corpus_of(
    weights: Weights, reviews: Sequence[Ids], texts: Sequence[str], targets: NDArray[np.int64], *, keep_texts: bool
) -> Corpus:
    """Return what the network with `weights` does with `reviews` (ids), whose right label indices are `targets [N]`.

    Of more than `MOST_WORDS` words some reviews are drawn. Their `texts` go in only where they may be kept.
    """
    chosen = _drawn([len(ids) for ids in reviews])
    read = _read(weights, [reviews[index] for index in chosen])
    hidden = np.concatenate([one.hidden[-1] for one in read])
    scale = np.maximum(np.abs(hidden).max(axis=0), 1e-6).astype(np.float32)
    return Corpus(
        hidden=np.rint(hidden / scale * LEVELS).astype(np.int8),
        scale=scale,
        shares=np.concatenate([_shares(one) for one in read]),
        log_kept=_log_kept(read),
        starts=np.cumsum([0, *(len(one.ids) for one in read)], dtype=np.int64),
        targets=targets[chosen].astype(np.int64),
        probabilities=softmax(np.stack([one.logits for one in read])).astype(np.float32),
        fingerprints=np.stack([_fingerprint(texts[index]) for index in chosen]),
        texts=tuple(texts[index] for index in chosen) if keep_texts else None,
    )


def _drawn(lengths: Sequence[int]) -> list[int]:
    """Return which reviews there is room for, drawn with seed 0, in their own order; the first of them always."""
    chosen, words = list[int](), 0
    for index in np.random.default_rng(0).permutation(len(lengths)).tolist():
        if words + lengths[index] <= MOST_WORDS:
            chosen.append(index)
            words += lengths[index]
    return sorted(chosen)


def _read(weights: Weights, reviews: Sequence[Ids]) -> list[Analysis]:
    """Return each review taken apart, seen from its answer against the runner-up."""
    session, found = open_step_graph(weights), dict[int, Analysis]()
    for group in by_length(reviews, ROWS):
        ran = run_group(session, [reviews[index] for index in group], traced=True)
        for index, logits, hidden in zip(group, ran.logits, ran.hidden, strict=True):
            runner_up, top = np.argsort(logits, kind="stable")[-2:].tolist()
            found[index] = Analysis(weights, reviews[index], hidden, logits, Target(top, runner_up))
    return [found[index] for index in range(len(reviews))]


def _shares(of: Analysis) -> Array:
    """Return what each word brought to the answer, `[T]`; zeros where the ledger has run away."""
    with np.errstate(over="ignore", invalid="ignore"):
        words: Array = of.deep.words.astype(np.float32)
        return words if np.abs(words).sum() < MOST_LOGITS else np.zeros_like(words)


def _log_kept(read: Sequence[Analysis]) -> Array:
    """Return the mean of ln of what the gate of each unit keeps a word, `[H]`; `[0]` for a cell without one."""
    memory = CELL_TRACES[read[0].weights.cell].memory
    if memory is None:
        return np.zeros(0, np.float32)
    kept = np.concatenate([memory.kept(one.activations.top.values) for one in read])
    mean: Array = np.log(np.maximum(kept, LEAST_KEPT)).mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _fingerprint(text: str) -> NDArray[np.uint8]:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return np.frombuffer(digest[:8], np.uint8)
