"""The independent check of a ledger: each word made unknown in turn, and the network asked again.

Only the steps from that word on are computed, from the state before it, and only until the network has forgotten the
change: from there on the review is the unchanged one.
"""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Ids
from models.text.words import UNK
from models.trace.analysis import Analysis
from models.trace.reconverge import StateHistory, has_reconverged, logits_from
from service.engine import Engine, Model
from service.inference.map_bounded import map_bounded

WORDS = 48
"""Words of a changed review between two looks at whether the change is forgotten."""


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The independent check: `words [T]`, logit minus the logit with that word made unknown (`<unk>`)."""

    words: Array


@dataclass(frozen=True, slots=True)
class Interaction:
    """`words [T]`: occlusion minus the deep ledger: what a word did through other words (negation, say)."""

    words: Array


def occlusion(analysis: Analysis, without_each: Array | None) -> Occlusion:
    """Return what the target's logit loses with each word; `without_each [T, C]` are the logits without it."""
    assert without_each is not None
    lost: Array = analysis.logit - analysis.target.of(without_each)
    return Occlusion(lost)


def interaction(analysis: Analysis, without_each: Array | None) -> Interaction:
    """Return what the occlusion of each word has beyond its share in the deep ledger."""
    return Interaction(occlusion(analysis, without_each).words - analysis.deep.words)


async def logits_without_each(
    engine: Engine, model: Model, ids: Ids, unchanged: StateHistory, deadline: float | None
) -> Array:
    """Return the logits `[T, C]` with each word of `ids [T]` made unknown; `unchanged` is the history of `ids`.

    The rows run behind predictions. Raises what `Engine.submit` raises.
    """

    async def without(_: int, t: int) -> Array:
        read, state = t, unchanged.after(t)
        piece = ids[t : t + WORDS].copy()
        piece[0] = UNK
        while True:
            answer = await engine.submit(model, piece, deadline=deadline, background=True, state=state, keep=True)
            assert answer.state is not None
            read, state = read + len(piece), answer.state
            if read == len(ids):
                return answer.logits
            if has_reconverged(unchanged, read, state):
                return logits_from(unchanged, read, state)
            piece = ids[read : read + WORDS]

    changed = np.flatnonzero(ids != UNK)
    logits = np.repeat(logits_from(unchanged, len(ids), unchanged.after(len(ids)))[None], len(ids), axis=0)
    if len(changed):
        logits[changed] = await map_bounded(changed.tolist(), without)
    return logits
