"""However a text comes, it is counted once."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from service.settings import Settings
from tests.service.conftest import Running, running

TEXT = "an amazing plot"


def counts(service: Running) -> dict[str, float]:
    """Reviews by outcome, and words, of all models."""
    found: dict[str, float] = {}
    for line in service.client.get("/metrics").text.splitlines():
        for name in ("gatescope_inference_requests_total{", "gatescope_tokens_total{", "gatescope_empty_inputs_total{"):
            if line.startswith(name):
                outcome = line.partition('outcome="')[2].partition('"')[0]
                key = f"{name.rstrip('{')} {outcome}".strip()
                found[key] = found.get(key, 0) + float(line.rpartition(" ")[2])
    return found


def predict(service: Running, text: str) -> None:
    service.client.post("/v1/predict", json={"text": text})


def trace(service: Running, text: str) -> None:
    service.client.post("/v1/trace", json={"text": text})


def batch(service: Running, text: str) -> None:
    service.client.post("/v1/batch", json=[text])


def infer(service: Running, text: str) -> None:
    tensor = {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}
    service.client.post("/v2/models/lstm/infer", json={"inputs": [tensor]})


def typed(service: Running, text: str) -> None:
    with suppress(ConnectionClosedError), connect(f"ws://127.0.0.1:{service.port}/v1/stream") as socket:
        socket.send(json.dumps({"text": text, "end": True}))
        for _ in socket:
            pass


def lines(service: Running, text: str) -> None:
    content = json.dumps({"text": text})
    service.client.post("/v1/batch", content=content, headers={"Content-Type": "application/x-ndjson"})


def shape(service: Running, text: str) -> None:
    service.client.post("/predict", json={"inputs": text})


WAYS = (predict, trace, batch, infer, typed, lines, shape)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_text_is_counted_once(repository: Path, way: Callable[[Running, str], None]) -> None:
    with running(Settings(repository=repository)) as service:
        way(service, TEXT)
        found = counts(service)
        assert found["gatescope_tokens_total"] == 3
        assert sum(value for name, value in found.items() if "inference_requests" in name) == 1
        way(service, "   ")
        assert counts(service)["gatescope_empty_inputs_total"] == 1


def test_looking_is_not_counted(repository: Path) -> None:
    with running(Settings(repository=repository)) as service:
        before = counts(service)
        service.client.headers["X-Gatescope-Look"] = "1"
        for way in WAYS:
            if way is not typed:
                way(service, TEXT)
        service.client.post("/v1/compare", json={"text": TEXT})
        predict(service, " ")
        assert counts(service) == before
        after = service.client.get("/metrics").text
    assert 'http_route="looks"' in after and "/v1/trace" not in after
