"""Engines over the small seeded bundles."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from models.bundle.files import Bundle
from models.network.equations import forward
from service.engine import Engine, EngineSettings, Unobserved


class Counted(Unobserved):
    """Counts what the engine reports."""

    def __init__(self) -> None:
        self.rows_of_batches: list[int] = []
        self.tokens: list[tuple[int, int]] = []
        self.told: list[str] = []

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        self.rows_of_batches.append(rows)
        self.tokens.append((real, padded))

    def unanswered(self, model: str, version: int, outcome: str) -> None:
        self.told.append(outcome)


@pytest.fixture
def observer() -> Counted:
    return Counted()


WAYS: dict[str, dict[str, Any]] = {
    "on the loop": {"threads": 0},
    "one thread": {"threads": 1},
    "two threads": {"threads": 2},
    "in ONNX Runtime": {"threads": 0, "provider": "onnxruntime"},
    "in ONNX Runtime, two threads": {"threads": 2, "provider": "onnxruntime"},
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def new_engine(request: pytest.FixtureRequest, observer: Counted) -> Iterator[Callable[..., Engine]]:
    """Makes engines that are closed at the end of the test."""
    made: list[Engine] = []

    def make(**settings: Any) -> Engine:
        made.append(Engine(EngineSettings(**request.param | settings), observer))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def review(bundle: Bundle, length: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, bundle.manifest.vocabulary_size, length)


def oracle(bundle: Bundle, ids: np.ndarray) -> np.ndarray:
    return forward(bundle.weights.astype(np.float64), ids).logits
