import json
from pathlib import Path

import pytest

from service.api.middleware import identify
from service.process import logs
from service.settings import Settings
from tests.service.conftest import Running, running

TRACE = "0af7651916cd43dd8448eb211c80319c"


def asked(service: Running, **headers: str) -> str:
    return service.client.get("/health/live", headers=headers).headers["x-request-id"]


def test_a_request_has_the_id_that_its_client_gave_it(served: Running) -> None:
    assert asked(served, **{"X-Request-Id": "order-7"}) == "order-7"
    assert asked(served, traceparent=f"00-{TRACE}-b7ad6b7169203331-01") == TRACE
    assert asked(served, **{"X-Request-Id": "order-7", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}) == "order-7"


@pytest.mark.parametrize("value", ["", "a b", "é", "a" * 129, "a\tb", '"'])
def test_an_id_that_could_harm_a_log_is_replaced(value: str) -> None:
    found = identify([(b"x-request-id", value.encode())])
    assert len(found) == 32
    assert found != identify([])


@pytest.mark.parametrize("value", [f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01", "00", "x" * 55])
def test_a_broken_traceparent_is_ignored(value: str) -> None:
    assert TRACE.encode() != identify([(b"traceparent", value.encode())])


def test_every_answer_has_an_id_also_errors(served: Running) -> None:
    assert len({served.client.get(path).headers["x-request-id"] for path in ("/none", "/v1/models", "/metrics")}) == 3


def test_logs_are_json_lines_without_any_text(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    with running(Settings(repository=repository, access_log=True)) as service:
        for text in ("mysecret review", "mysecret 😀 " * 50, " "):
            service.client.post("/v1/predict", json={"text": text}, headers={"X-Request-Id": "order-7"})
        service.client.post("/v1/predict", content=b'{"text": "mysecret')
        service.client.get("/mysecret")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert not any("mysecret" in json.dumps(line) for line in lines)
    access = [line for line in lines if line["event"] == "request" and line.get("request_id") == "order-7"]
    assert [(line["route"], line["status"]) for line in access] == [
        ("/v1/predict", status) for status in (200, 200, 422)
    ]
    assert {line["model"] for line in lines if line["event"] == "model loaded"} == {"rnn", "lstm", "gru"}


def test_an_unforeseen_error_is_500_without_a_traceback(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    with running(Settings(repository=repository)) as service:
        model = service.service.context.catalog.find("rnn")
        model.bundle.manifest.__dict__["labels"] = ()
        response = service.predict("mysecret", model="rnn")
    assert response.status_code == 500
    assert "ValueError" not in response.text
    (line,) = (json.loads(one) for one in capfd.readouterr().err.splitlines() if "unhandled" in one)
    assert line["error"] in ("ValueError", "IndexError")
    assert any("predict.py" in place for place in line["at"])
    assert "mysecret" not in json.dumps(line)
