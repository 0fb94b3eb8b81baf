"""The independent check of a ledger: each word made unknown in turn, and the network asked again.

Only the steps from that word on are computed: a row goes on from what the network remembered before it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from models.states import StateTensor
from models.words import UNK
from service.engine import Engine, Memory, ServedModel
from service.rows import each


def states_over_time(
    states: Sequence[StateTensor], hidden: Sequence[Array], cells: Sequence[Array]
) -> dict[str, Array]:
    """Every state tensor before each word, `[T, ...]`, from the hidden and cell states `[T, H]` of each layer."""
    top = hidden[-1].astype(np.float64)
    after: dict[str, Array] = {
        **{f"hidden_{layer}": values for layer, values in enumerate(hidden)},
        **{f"cell_{layer}": values for layer, values in enumerate(cells)},
        "max": np.maximum.accumulate(top),
        "sum": np.cumsum(top, axis=0),
        "steps": np.arange(1, len(top) + 1),
    }
    return {state.name: _before(state, after[state.name]) for state in states}


async def without_each(
    engine: Engine,
    model: ServedModel,
    ids: NDArray[np.int64],
    before: Mapping[str, Array],
    deadline: float | None,
) -> Array:
    """The logits `[T, C]` with word t made unknown; `before` holds every state tensor before each word.

    The rows run behind predictions. Raises what `Engine.submit` raises.
    """

    async def without(t: int, changed: NDArray[np.int64]) -> Array:
        memory: Memory = tuple(values[t] for values in before.values())
        answer = await engine.submit(model, changed, deadline=deadline, background=True, memory=memory)
        return answer.logits

    return np.stack(await each([np.append(UNK, ids[t + 1 :]) for t in range(len(ids))], without))


def _before(state: StateTensor, after: Array) -> Array:
    initial = np.full((1, *state.shape), state.initial)
    return np.concatenate([initial, after[:-1]]).astype(state.dtype)
