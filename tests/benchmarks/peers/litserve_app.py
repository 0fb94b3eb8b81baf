"""LitServe; batches come from its own dynamic batching."""

import os
from typing import Any

import litserve

from tests.benchmarks.peers.network import Network


class Reviews(litserve.LitAPI):
    """Text in, answer out; `predict` gets a list where batching is on."""

    def setup(self, device: str) -> None:
        """Load the network in the worker."""
        self.network = Network.from_environment()

    def decode_request(self, request: dict[str, str]) -> str:
        """The text of a request."""
        return request["text"]

    def predict(self, texts: str | list[str]) -> Any:
        """One answer, or one for each text of a batch."""
        if isinstance(texts, str):
            return self.network.classify([texts])[0].body()
        return [answer.body() for answer in self.network.classify(texts)]

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """The answer as it stands."""
        return output


if __name__ == "__main__":
    read = os.environ
    batch = int(read["BENCH_BATCH"])
    api = Reviews(max_batch_size=batch, batch_timeout=float(read["BENCH_DELAY"]) if batch > 1 else 0.0)
    server = litserve.LitServer(api, accelerator="cpu", devices=1, workers_per_device=int(read["BENCH_WORKERS"]))
    server.run(host="127.0.0.1", port=int(read["BENCH_PORT"]), log_level="error", generate_client_file=False)
