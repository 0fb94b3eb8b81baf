"""BentoML; batches come from its own adaptive batching."""

import os
from typing import Any

import bentoml

from tests.benchmarks.peers.network import Network

BATCH = int(os.environ["BENCH_BATCH"])
WORKERS = int(os.environ["BENCH_WORKERS"])

if BATCH > 1:

    @bentoml.service(workers=WORKERS, logging={"access": {"enabled": False}})
    class Reviews:
        """Many requests a call, as the dispatcher gathers them."""

        def __init__(self) -> None:
            self.network = Network.from_environment()

        @bentoml.api(batchable=True, max_batch_size=BATCH, max_latency_ms=int(1000 * float(os.environ["BENCH_DELAY"])))
        def predict(self, text: list[str]) -> list[dict[str, Any]]:
            """One answer for each text."""
            return [answer.body() for answer in self.network.classify(text)]
else:

    @bentoml.service(workers=WORKERS, logging={"access": {"enabled": False}})
    class Reviews:  # type: ignore[no-redef]
        """One request a call."""

        def __init__(self) -> None:
            self.network = Network.from_environment()

        @bentoml.api
        def predict(self, text: list[str]) -> list[dict[str, Any]]:
            """The answer to the one text."""
            return [answer.body() for answer in self.network.classify(text)]
