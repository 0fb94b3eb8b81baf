"""Every method by every measure on one model."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from models.network.equations import Array, Ids
from tests.studies.faithfulness.measures import REMOVALS, Curves, Erasure, agreement, curves, erasure
from tests.studies.faithfulness.methods import SLOW, Method, Scores, at_random, methods_of
from tests.studies.faithfulness.model import StudiedModel, verdicts
from tests.studies.faithfulness.negation import Negations, names_not
from tests.studies.faithfulness.normalised import Bounds, bounds, normalised
from tests.studies.faithfulness.planted import DISTANCES, SEEDS, Planted, hits, plant

OCCLUSION = "`<unk>` one"
NO_HITS = np.full(len(DISTANCES), np.nan)


@dataclass(frozen=True, slots=True)
class MethodResult:
    """What was measured of one method: `erasure` by way of removal, `agreement [N]` with occlusion, `hits` by draw of
    the planted texts and distance, `normalised [N]` comprehensiveness, processor `milliseconds` a review; `blame` and
    `first`: how often "not" speaks for blame in "is not good", and does so most.
    """

    erasure: Mapping[str, Erasure]
    curves: Curves
    agreement: Array
    hits: Array
    normalised: Array
    blame: float
    first: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Study:
    """One model: the results by method, over reviews of `lengths [N]` words."""

    name: str
    lengths: Array
    accuracy: float
    results: Mapping[str, MethodResult]


@dataclass(frozen=True, slots=True)
class _Task:
    """What every method is measured on; `occlusion` is what the others are compared with."""

    model: StudiedModel
    reviews: Sequence[Ids]
    targets: Array
    directions: Array
    planted: Sequence[Planted]
    negations: Negations
    bounds: Bounds
    occlusion: Scores


def study(
    model: StudiedModel,
    reviews: Sequence[Ids],
    targets: Array,
    negated: Negations,
    note: Callable[[str], None] = lambda done: None,
) -> Study:
    """Measure every method on `reviews` (at least two words each) of labels `targets [N]`, and on `negated` ones."""
    logits = model.logits(reviews)
    directions = verdicts(logits)
    planted = [plant(model, reviews, targets, seed) for seed in SEEDS]
    methods = methods_of(model)
    occlusion = methods[OCCLUSION](model, reviews, directions)
    task = _Task(model, reviews, targets, directions, planted, negated, bounds(model, reviews), occlusion)
    results = {}
    for name, method in methods.items():
        draws = [partial(at_random, seed=seed) for seed in SEEDS] if method is at_random else [method]
        results[name] = _mean([_measure(task, draw, plants=name not in SLOW) for draw in draws])
        note(name)
    lengths = np.array([len(ids) for ids in reviews])
    return Study(model.name, lengths, float((logits.argmax(1) == targets).mean()), results)


def _measure(task: _Task, method: Method, *, plants: bool) -> MethodResult:
    """Measure one method; where not `plants`, it is too slow for the long planted texts."""
    started = time.process_time()
    scores = method(task.model, task.reviews, task.directions)
    seconds = time.process_time() - started
    return MethodResult(
        {way: erasure(task.model, task.reviews, scores, remove) for way, remove in REMOVALS.items()},
        curves(task.model, task.reviews, task.targets, scores),
        agreement(scores, task.occlusion),
        np.stack([hits(task.model, planted, method) if plants else NO_HITS for planted in task.planted]),
        normalised(task.model, task.reviews, scores, task.bounds),
        *names_not(task.model, task.negations, method),
        1000 * seconds / len(task.reviews),
    )


def _mean(draws: Sequence[MethodResult]) -> MethodResult:
    """One result of all draws of a method."""
    return MethodResult(
        {
            way: Erasure(
                np.mean([draw.erasure[way].comprehensiveness for draw in draws], axis=0),
                np.mean([draw.erasure[way].sufficiency for draw in draws], axis=0),
            )
            for way in REMOVALS
        },
        Curves(
            np.mean([draw.curves.right for draw in draws], axis=0),
            np.mean([draw.curves.wrong for draw in draws], axis=0),
        ),
        np.mean([draw.agreement for draw in draws], axis=0),
        np.concatenate([draw.hits for draw in draws]),
        np.mean([draw.normalised for draw in draws], axis=0),
        float(np.mean([draw.blame for draw in draws])),
        float(np.mean([draw.first for draw in draws])),
        float(np.mean([draw.milliseconds for draw in draws])),
    )
