"""The independent check of a ledger: each word made unknown in turn, and the network asked again.

Only the steps from that word on are computed, from what the network remembered before it, and only until it has
forgotten the change: from there on the review is the unchanged one.
"""

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array
from models.text.words import UNK
from models.trace import StateHistory, has_reconverged, logits_from
from service.engine import Engine, ServedModel
from service.inference.map_bounded import map_bounded

WORDS = 48
"""Words of a changed review between two looks at whether the change is forgotten."""


async def without_each(
    engine: Engine, model: ServedModel, ids: NDArray[np.int64], unchanged: StateHistory, deadline: float | None
) -> Array:
    """The logits `[T, C]` with each word of `ids [T]` made unknown; `unchanged` is the course of `ids`.

    The rows run behind predictions. Raises what `Engine.submit` raises.
    """

    async def without(_: int, t: int) -> Array:
        place, state = t, unchanged.memory(t)
        piece = ids[t : t + WORDS].copy()
        piece[0] = UNK
        while True:
            answer = await engine.submit(model, piece, deadline=deadline, background=True, state=state, keep=True)
            assert answer.state is not None
            place, state = place + len(piece), answer.state
            if place == len(ids):
                return answer.logits
            if has_reconverged(unchanged, place, state):
                return logits_from(unchanged, place, state)
            piece = ids[place : place + WORDS]

    known = np.flatnonzero(ids != UNK)
    logits = np.repeat(logits_from(unchanged, len(ids), unchanged.memory(len(ids)))[None], len(ids), axis=0)
    if len(known):
        logits[known] = await map_bounded(known.tolist(), without)
    return logits
