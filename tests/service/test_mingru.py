"""A cell that is no built-in model's is served and traced as those are."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from models.bundle.files import read
from models.network.equations import forward, softmax
from service.settings import Settings
from tests.bundles import random_weights, write_bundle
from tests.service.conftest import running

TEXT = "Amazing, and not just a good film! The plot is dull, but it will be great."
EVERYTHING = ["write", "memory", "gradient", "occlusion", "interaction", "gates", "tensors"]


@pytest.mark.parametrize("provider", ["native", "onnxruntime"])
def test_it_is_served_and_traced(tmp_path: Path, provider: Literal["native", "onnxruntime"]) -> None:
    bundle = read(write_bundle(tmp_path, "mingru", random_weights("mingru", layers=2)))
    expected = forward(bundle.weights.astype(np.float64), bundle.vocabulary.encode(TEXT, 99).ids)
    with running(Settings(repository=tmp_path, provider=provider)) as service:
        answer = service.predict(TEXT).json()
        trace = service.client.post("/v1/trace", json={"text": TEXT, "include": EVERYTHING}).json()
    assert answer["probabilities"] == pytest.approx(trace["prediction"]["probabilities"], abs=1e-6)
    assert [*answer["probabilities"].values()] == pytest.approx(softmax(expected.logits), abs=1e-5)
    assert trace["model"]["conventions"]["update"] == "1 keeps the hidden state before, 0 takes the candidate"
    for ledger in trace["ledgers"].values():
        told = trace["prediction"]["bias"] + ledger["bias"] + sum(ledger["words"])
        assert told == pytest.approx(trace["prediction"]["logit"], abs=1e-4)
    assert trace["gates"]["values"].keys() == trace["tensors"]["values"].keys() == {"update", "candidate", "hidden"}
