from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from service.settings import Settings
from tests.service.conftest import Running, running


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[Running]:
    with running(
        Settings(
            repository=repository, api_keys=(SecretStr("reader"), SecretStr("other")), admin_keys=(SecretStr("chief"),)
        )
    ) as service:
        yield service


def status(service: Running, path: str, key: str | bytes | None, method: str = "POST") -> int:
    headers: Any = {} if key is None else {"Authorization": key}
    return service.client.request(method, path, json={"text": "good"}, headers=headers).status_code


REFUSED = (None, "reader", "Bearer wrong", "Bearer readers", b"Bearer r\xe9", "Basic reader")
ACCEPTED = ("Bearer reader", "bearer other", "Bearer chief")


@pytest.mark.parametrize(("key", "expected"), [*((key, 401) for key in REFUSED), *((key, 200) for key in ACCEPTED)])
def test_a_key_is_needed_to_predict(guarded: Running, key: str | bytes | None, expected: int) -> None:
    assert status(guarded, "/v1/predict", key) == expected
    assert status(guarded, "/v2/models/lstm", key, "GET") == expected


def test_only_an_admin_key_loads_and_unloads(guarded: Running) -> None:
    path = "/v2/repository/models/lstm/load"
    assert [status(guarded, path, key) for key in (None, "Bearer reader", "Bearer chief")] == [401, 403, 200]


def test_a_refusal_says_why_in_the_form_of_its_protocol(guarded: Running) -> None:
    first = guarded.client.get("/v1/models")
    assert (first.json()["status"], first.headers["content-type"]) == (401, "application/problem+json")
    assert first.headers["www-authenticate"] == "Bearer"
    assert list(guarded.client.get("/v2/models/lstm").json()) == ["error"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v2/health/ready", "/metrics", "/schema", "/"])
def test_probes_and_pages_are_open(guarded: Running, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


def test_with_admin_keys_alone_predictions_are_open(repository: Path) -> None:
    with running(Settings(repository=repository, admin_keys=("chief",))) as service:
        assert status(service, "/v1/predict", None) == 200
        assert status(service, "/v2/repository/models/lstm/load", None) == 401
        assert status(service, "/v2/repository/models/lstm/load", "Bearer chief") == 200
