"""The running logits: the oracle's numbers, for every pooling."""

import numpy as np
import pytest

from models.network import equations
from models.trace import running_logits
from tests.bundles import random_weights


@pytest.mark.parametrize("steps", [1, 2, 40])
@pytest.mark.parametrize("pooling", equations.POOLINGS)
def test_the_running_logits_are_those_of_the_oracle(pooling: equations.Pooling, steps: int) -> None:
    weights = random_weights("gru", pooling, classes=3)
    hidden = np.random.default_rng(0).normal(size=(steps, 10)).astype(np.float32)
    np.testing.assert_allclose(running_logits(weights, hidden), equations.running_logits(weights, hidden), atol=5e-6)
