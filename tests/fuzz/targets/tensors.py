"""Bodies of the Open Inference Protocol: read, or refused with an error of the service."""

from service.api.open_inference import deadline_within, read_request
from service.api.open_inference_outputs import outputs_of
from service.errors import ServiceError

JSON = b'{"inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": ["good", ["bad"]]}]}'
BINARY = b'{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}]}'
ASKED = b', "parameters": {"timeout": 5}, "outputs": [{"name": "label", "parameters": {"classification": 1}}]}'
SEEDS = (
    b"\x00" + JSON,
    b"\x01" + BINARY + b"\x04\x00\x00\x00good",
    b"\x00"
    + JSON[:-1]
    + b', "parameters": {"timeout": 5}, "outputs": [{"name": "logits", "parameters": {"classification": 1}}]}',
)
MOST = 100


def run(data: bytes) -> None:
    """The first byte says whether binary tensors stand behind the JSON, which ends with the last `}`."""
    body = data[1:]
    length = b"%d" % (body.rfind(b"}") + 1) if data[:1] == b"\x01" else None
    try:
        call, texts = read_request(body, length, MOST)
        outputs_of(call)
        deadline_within(call, 0.0)
    except ServiceError:
        return
    assert 0 < len(texts) <= MOST
    assert all(isinstance(text, str) for text in texts)
