"""A custom MLServer runtime; batches come from its own adaptive batching."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from tests.benchmarks.peers.network import Network


class Reviews(MLModel):
    """Text in; `label`, `probabilities` and `words` out, a row a review."""

    async def load(self) -> bool:
        """Load the network."""
        self.network = Network.from_environment()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The answers to the texts of one, or of several gathered, requests."""
        answers = self.network.classify(StringCodec.decode_input(payload.inputs[0]))
        outputs = [
            StringCodec.encode_output("label", [answer.label for answer in answers]),
            NumpyCodec.encode_output("probabilities", np.array([answer.probabilities for answer in answers])),
            NumpyCodec.encode_output("words", np.array([[answer.words] for answer in answers])),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
