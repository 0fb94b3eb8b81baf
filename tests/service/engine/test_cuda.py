"""State that stays on the device between chunks gives the same answers, also when rows are parked and streams go on."""

import asyncio
from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest

from models.bundle.files import Bundle
from models.network.equations import CELLS
from models.network.onnx_session import Cuda, OnnxSession
from service.engine import Engine, Model
from tests.service.engine.conftest import oracle, review

NewEngine = Callable[..., Engine]
CUDA = "CUDAExecutionProvider" in ort.get_available_providers()
needs_cuda = pytest.mark.skipif(not CUDA, reason="this ONNX Runtime has no CUDA provider (pip install gatescope[gpu])")


async def crowd_and_stream(engine: Engine, model: Model, bundle: Bundle) -> None:
    """Reviews that join, leave, are parked and traced, beside one that comes in pieces."""
    reviews = [review(bundle, length, length) for length in (1, 300, 2, 40, 250, 5, 90, 7) * 3]
    answers = await asyncio.gather(
        *(engine.submit(model, ids, traced=n % 3 == 0, background=n % 4 == 0) for n, ids in enumerate(reviews))
    )
    for answer, ids in zip(answers, reviews, strict=True):
        np.testing.assert_allclose(answer.logits, oracle(bundle, ids), atol=1e-4)
    state = None
    for start in range(0, 90, 30):
        answer = await engine.submit(model, reviews[6][start : start + 30], state=state, keep=True)
        state = answer.state
    np.testing.assert_allclose(answer.logits, oracle(bundle, reviews[6]), atol=1e-4)


@pytest.mark.parametrize("new_engine", [{"threads": 1}], indirect=True)
@pytest.mark.parametrize("cell", CELLS)
def test_bound_state_gives_the_answers_of_the_equations(
    new_engine: NewEngine, bundles: dict[str, Bundle], cell: str
) -> None:
    """The way that CUDA takes, on the device that every machine has."""
    engine = new_engine(provider="onnxruntime", rows=4, seconds_a_chunk=0.0003)
    model = engine.load(bundles[cell])
    assert isinstance(model.session, OnnxSession)
    model.session._device = ("cpu", 0)
    asyncio.run(crowd_and_stream(engine, model, bundles[cell]))


@needs_cuda
@pytest.mark.parametrize("new_engine", [{"threads": 1}], indirect=True)
@pytest.mark.parametrize("cell", CELLS)
def test_cuda_gives_the_answers_of_the_equations(new_engine: NewEngine, bundles: dict[str, Bundle], cell: str) -> None:
    engine = new_engine(provider=Cuda(), rows=4)
    asyncio.run(crowd_and_stream(engine, engine.load(bundles[cell]), bundles[cell]))
