"""How each server is asked and how it answers, as bytes of HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.fixed import LABELS
from tests.benchmarks.peers.network import Answer


@dataclass(frozen=True, slots=True)
class Wire:
    """The route of a server, the JSON body for a text, and the answer in the JSON of a response."""

    path: str
    body: Callable[[str], Any]
    answer: Callable[[Any], Answer]

    def request(self, text: str) -> bytes:
        """A whole HTTP request."""
        body = json.dumps(self.body(text)).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _plain(found: Any) -> Answer:
    return Answer(found["label"], found["probabilities"], found["words"])


def _open_inference_body(text: str) -> Any:
    return {"inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}]}


def _open_inference_answer(found: Any) -> Answer:
    data = {output["name"]: output["data"] for output in found["outputs"]}
    return Answer(data["label"][0], data["probabilities"], data["words"][0])


PLAIN = Wire("/predict", lambda text: {"text": text}, _plain)
LISTED = Wire("/predict", lambda text: {"text": [text]}, lambda found: _plain(found[0]))
OPEN_INFERENCE = Wire("/v2/models/reviews/infer", _open_inference_body, _open_inference_answer)
GATESCOPE = Wire(
    "/v1/predict",
    lambda text: {"text": text},
    lambda found: Answer(found["label"], [found["probabilities"][label] for label in LABELS], found["words"]),
)
