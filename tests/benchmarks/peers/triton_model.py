"""A model for Triton's Python backend; batches come from its own dynamic batcher."""

from typing import Any

import numpy as np
import triton_python_backend_utils as triton

from tests.benchmarks.peers.network import Network


class TritonPythonModel:
    """Text in; `label`, `probabilities` and `words` out."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network."""
        self.network = Network.from_environment()

    def execute(self, requests: list[Any]) -> list[Any]:
        """The answers to the requests that the batcher has gathered, from one call of the graph."""
        texts = [triton.get_input_tensor_by_name(request, "text").as_numpy().item() for request in requests]
        answers = self.network.classify([text.decode() for text in texts])
        return [
            triton.InferenceResponse(
                [
                    triton.Tensor("label", np.array([[answer.label]], object)),
                    triton.Tensor("probabilities", np.array([answer.probabilities], np.float32)),
                    triton.Tensor("words", np.array([[answer.words]], np.int32)),
                ]
            )
            for answer in answers
        ]
