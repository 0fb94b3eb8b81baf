"""Every method by every measure on one model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from export.faithfulness.measures import REMOVALS, Curves, Erasure, agreement, curves, erasure
from export.faithfulness.methods import Scores, methods_of
from export.faithfulness.planted import Planted, hits, plant
from export.faithfulness.subject import Subject, verdicts
from export.session import Ids
from models.cells import Array

OCCLUSION = "`<unk>` one"


@dataclass(frozen=True, slots=True)
class Account:
    """What was measured of one method: `erasure` by way of removal, `agreement [N]` with occlusion, `hits` by distance,
    processor `milliseconds` a review.
    """

    erasure: Mapping[str, Erasure]
    curves: Curves
    agreement: Array
    hits: Array
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Study:
    """One model: the accounts by method, over reviews of `lengths [N]` words."""

    name: str
    lengths: Array
    accuracy: float
    planted: Planted
    accounts: Mapping[str, Account]


def study(
    subject: Subject, reviews: Sequence[Ids], targets: Array, note: Callable[[str], None] = lambda done: None
) -> Study:
    """Measure every method on `reviews` (at least two words each) of labels `targets [N]`."""
    logits = subject.logits(reviews)
    directions = verdicts(logits)
    planted = plant(subject, reviews, targets)
    scores: dict[str, Scores] = {}
    seconds: dict[str, float] = {}
    methods = methods_of(subject)
    for name, method in methods.items():
        started = time.process_time()
        scores[name] = method(subject, reviews, directions)
        seconds[name] = time.process_time() - started
    accounts = {}
    for name, method in methods.items():
        accounts[name] = Account(
            {way: erasure(subject, reviews, scores[name], remove) for way, remove in REMOVALS.items()},
            curves(subject, reviews, targets, scores[name]),
            agreement(scores[name], scores[OCCLUSION]),
            hits(subject, planted, method),
            1000 * seconds[name] / len(reviews),
        )
        note(name)
    lengths = np.array([len(ids) for ids in reviews])
    return Study(subject.name, lengths, float((logits.argmax(1) == targets).mean()), planted, accounts)
