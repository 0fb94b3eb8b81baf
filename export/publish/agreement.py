"""Whether two implementations of the network agree, and whether a review's answer depends on the reviews beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import VALUES, Array, Ids, Weights, softmax
from models.network.session import FRESH, Chunk, Session, run_whole
from models.trace.recover import recover

LOGIT_TOLERANCE = 1e-4
PROBABILITY_TOLERANCE = 1e-5
HIDDEN_TOLERANCE = 1e-4
NOT_FINITE = "NaN or infinity among the answers"
COMPARED = 7
"""Reviews of a batch that are run one at a time, and whose hidden states are compared."""

Batches = Sequence[Sequence[Ids]]
"""Batches of reviews."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `detail` says what was found."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What an implementation says of the first n reviews of a batch: `logits [n, C]`.

    `hidden` holds, by review and layer, the hidden states `[T, H]` of an implementation that shows them.
    """

    logits: Array
    hidden: Sequence[Sequence[Array]] = ()


def compare(name: str, expected: Sequence[Chunk], found: Sequence[Answers]) -> Check:
    """Compare answers to the same batches: logits within 1e-4 of their size, probabilities 1e-5, hidden states 1e-4.

    Fails where a value is NaN or infinite, on either side.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        logits = _largest(
            _logit_difference(chunk, answers.logits) for chunk, answers in zip(expected, found, strict=True)
        )
        probabilities = _largest(
            chunk.probabilities[: len(answers.logits)] - softmax(answers.logits)
            for chunk, answers in zip(expected, found, strict=True)
        )
        hidden = _largest(
            chunk.hidden[layer][: len(states), row] - states
            for chunk, answers in zip(expected, found, strict=True)
            for row, layers in enumerate(answers.hidden)
            for layer, states in enumerate(layers)
        )
    if not np.isfinite([logits, probabilities, hidden]).all():
        return Check(name, False, NOT_FINITE)
    passed = logits <= LOGIT_TOLERANCE and probabilities <= PROBABILITY_TOLERANCE and hidden <= HIDDEN_TOLERANCE
    detail = f"logits differ by {logits:.1g}, probabilities by {probabilities:.1g}"
    shown = any(answers.hidden for answers in found)
    return Check(name, passed, f"{detail}, hidden states by {hidden:.1g}" if shown else detail)


def compare_every_way(session: Session, batches: Batches, expected: Sequence[Chunk]) -> Iterator[Check]:
    """Compare what `session` answers to `batches` with `expected`, in every way that a review can be run."""
    for way, run in WAYS.items():
        yield compare(f"{session.backend}, {way}", expected, [run(session, reviews) for reviews in batches])


def compare_kept_values(session: Session, weights: Weights, batches: Batches) -> Check:
    """Compare the gates that `session` keeps of a traced run with those that weights and hidden states give."""
    differences = list[Array]()
    for reviews in batches:
        compared = reviews[:COMPARED]
        fresh = np.full(len(compared), FRESH)
        chunk = session.run(compared, fresh, session.empty_state, traced=True, values=True)
        for row, ids in enumerate(compared):
            hidden = [layer[: len(ids), row] for layer in chunk.hidden]
            with np.errstate(invalid="ignore", over="ignore"):
                for kept, layer in zip(chunk.values, recover(weights, ids, hidden).layers, strict=True):
                    expected = np.stack([layer[name] for name in VALUES[weights.cell]])
                    differences.append((kept[:, : len(ids), row] - expected) / np.maximum(1.0, np.abs(expected)))
    name, largest = f"{session.backend}, kept gates", _largest(iter(differences))
    if not np.isfinite(largest):
        return Check(name, False, NOT_FINITE)
    return Check(name, largest <= HIDDEN_TOLERANCE, f"gates differ by {largest:.1g}")


def in_flight(session: Session, reviews: Sequence[Ids], *, seed: int, rows: int) -> Array:
    """Return the logits `[N, C]` of reviews that share `rows` rows, in a random order, in chunks of random lengths."""
    random = np.random.default_rng(seed)
    waiting = random.permutation(len(reviews)).tolist()
    done = [0] * len(reviews)
    logits: dict[int, Array] = {}
    row_of: dict[int, int] = {}
    state = session.empty_state
    while waiting or row_of:
        joining = [waiting.pop() for _ in range(min(rows - len(row_of), len(waiting)))]
        members = random.permutation([*row_of, *joining]).tolist()
        carry = np.array([row_of.get(member, FRESH) for member in members])
        pieces = [_next_piece(random, reviews[member], done[member]) for member in members]
        chunk = session.run(pieces, carry, state, traced=False)
        state = chunk.state
        for row, (member, ids) in enumerate(zip(members, pieces, strict=True)):
            done[member] += len(ids)
            logits[member] = chunk.logits[row]
        row_of = {member: row for row, member in enumerate(members) if done[member] < len(reviews[member])}
    return np.stack([logits[member] for member in range(len(reviews))])


def _whole(session: Session, reviews: Sequence[Ids]) -> Answers:
    chunk = run_whole(session, reviews, traced=True)
    hidden = [[layer[: len(ids), row] for layer in chunk.hidden] for row, ids in enumerate(reviews[:COMPARED])]
    return Answers(chunk.logits, hidden)


def _alone(session: Session, reviews: Sequence[Ids]) -> Answers:
    return Answers(np.concatenate([run_whole(session, [ids]).logits for ids in reviews[:COMPARED]]))


def _cut(session: Session, reviews: Sequence[Ids]) -> Answers:
    return Answers(in_flight(session, reviews, seed=7, rows=len(reviews)))


def _moving(session: Session, reviews: Sequence[Ids]) -> Answers:
    return Answers(in_flight(session, reviews, seed=11, rows=max(1, len(reviews) // 3)))


WAYS: Mapping[str, Callable[[Session, Sequence[Ids]], Answers]] = {
    "whole batches": _whole,
    "alone": _alone,
    "cut into chunks": _cut,
    "rows join, leave and move": _moving,
}


def _logit_difference(chunk: Chunk, logits: Array) -> Array:
    difference: Array = (chunk.logits[: len(logits)] - logits) / max(1.0, float(np.abs(logits).max()))
    return difference


def _largest(differences: Iterator[Array]) -> float:
    """Return the largest |difference|, 0 of none; NaN where there is one."""
    return float(np.max([0.0, *(np.abs(difference).max() for difference in differences)]))


def _next_piece(random: np.random.Generator, ids: Ids, done: int) -> Ids:
    return ids[done : done + random.integers(1, len(ids) - done + 1)]
