"""An occlusion stops reading where a change is forgotten, and answers as if it had read on."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from models.bundle.files import read
from models.network.bulk import run_many
from models.network.equations import Cell, Weights
from models.network.pooling import Pooling
from models.text.words import UNK
from models.trace import Analysis, Target
from service.engine import Engine, EngineSettings, Unobserved
from service.tracing.occlusion import logits_without_each
from tests.bundles import random_weights, write_bundle
from tests.models.trace.networks import unforgetful

KINDS = [("rnn", "last", 2), ("lstm", "max||mean", 1), ("gru", "mean", 2), ("lstm", "max", 2)]
IDS = np.random.default_rng(0).integers(1, 90, 150)


class Counted(Unobserved):
    """Counts the words that are computed."""

    words = 0

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        self.words += real


def occluded(folder: Path, weights: Weights) -> tuple[np.ndarray, np.ndarray, int]:
    """The logits with each word of `IDS` unknown, by occlusion and by reading it all, and the words that the first
    of them computed."""
    write_bundle(folder, weights.cell, weights)
    counted = Counted()
    engine = Engine(EngineSettings(), counted)
    try:
        model = engine.load(read(folder / weights.cell / "1"))

        async def found() -> np.ndarray:
            answer = await engine.submit(model, IDS, traced=True)
            assert answer.hidden is not None
            analysis = Analysis(model.bundle.weights, IDS, answer.hidden, answer.logits, Target(1, 0))
            return await logits_without_each(engine, model, IDS, analysis.state_history, None)

        logits = asyncio.run(found())
        rows = [np.where(np.arange(len(IDS)) == t, UNK, IDS) for t in range(len(IDS))]
        return logits, run_many(model.session, rows), counted.words - len(IDS)
    finally:
        engine.close()


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_a_network_that_forgets_is_not_asked_to_the_end(
    cell: Cell, pooling: Pooling, layers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tracing.occlusion.WORDS", 16)
    logits, exact, words = occluded(tmp_path, random_weights(cell, pooling, layers=layers, seed=1))
    np.testing.assert_allclose(logits, exact, atol=1e-5)
    assert words < 0.75 * len(IDS) ** 2 / 2


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_a_network_that_never_forgets_is(
    cell: Cell, pooling: Pooling, layers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tracing.occlusion.WORDS", 16)
    logits, exact, words = occluded(tmp_path, unforgetful(random_weights(cell, pooling, layers=layers, seed=1)))
    np.testing.assert_allclose(logits, exact, atol=1e-5)
    changed = np.flatnonzero(IDS != UNK)
    assert words == (len(IDS) - changed).sum()
