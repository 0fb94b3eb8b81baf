"""Keys: who may do what, on every route, however its address is spelt."""

import hashlib
import http.client
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from pydantic import SecretStr

from service.api.auth import Access, KeysFile, read_keys
from service.settings import InvalidSettings, Settings
from tests.service.conftest import Running, running

SCOPES = {"open": "", "predict": "predict-key", "trace": "trace-key", "admin": "admin-key"}


def entry(key: str, scopes: str) -> str:
    """A line of a file of keys."""
    return f"{key} {scopes} {hashlib.sha256(key.encode()).hexdigest()}\n"


@pytest.fixture(scope="module")
def guarded(repository: Path) -> Iterator[Running]:
    with running(
        Settings(
            repository=repository, api_keys=(SecretStr("reader"), SecretStr("other")), admin_keys=(SecretStr("chief"),)
        )
    ) as service:
        yield service


@pytest.fixture(scope="module")
def scoped(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with a key for each scope alone."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("# name scopes sha256\n\n" + "".join(entry(SCOPES[name], name) for name in SCOPES if SCOPES[name]))
    with running(Settings(repository=repository, keys_file=file)) as service:
        yield service


def status(service: Running, path: str, key: str | bytes | None, method: str = "POST") -> int:
    headers: Any = {} if key is None else {"Authorization": key}
    return service.client.request(method, path, json={"text": "good"}, headers=headers).status_code


REFUSED = (None, "reader", "Bearer", "Bearer wrong", "Bearer readers", b"Bearer r\xe9", "Basic reader")
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


def spellings(path: str) -> set[str]:
    """Ways to write a path that a router may take for it."""
    parts = path.strip("/").split("/")
    encoded = "/".join("".join(f"%{ord(letter):02x}" for letter in part) for part in parts)
    joined = "/".join(parts)
    prefixes = ("", "/", "%2F", "%2f/", "./", "x/../", "/./", ";/", "%2e/", "%00", "http://elsewhere/", "\\")
    suffixes = ("", "/", "//", "%2F", "/.", "/..", ";a=1", "?", "?x=/health/live", "%00", "%20")
    ways = {f"/{prefix}{joined}{suffix}" for prefix, suffix in itertools.product(prefixes, suffixes)}
    ways |= {
        f"/{encoded}",
        f"/{joined.upper()}",
        f"/{joined.title()}",
        "//" + "//".join(parts),
        "/" + "%2F".join(parts),
    }
    return ways | {f"/health/live/../../{joined}", f"/health/live%2f..%2f..%2f{joined}", f"/web/../{joined}"}


def asked(service: Running, method: str, path: str, key: str, upgrade: bool) -> int:
    """The status of a request whose path is sent as it is written."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = handshake | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} if upgrade else {}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    try:
        connection.request(method, path, body=None if method == "GET" else b"{}", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def every_route(service: Running) -> Iterator[tuple[str, str, Access, bool]]:
    """Method, path, what it needs, and whether it is a WebSocket, of each route of the application."""
    for route in service.service.litestar.routes:
        path = route.path_format.format(name="none", version="1", unit="1", path="none.js")
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                methods = handler.http_methods - {"OPTIONS"}  # which says what methods there are, and no more
                yield from ((method, path, handler.opt["access"], False) for method in methods)
        else:
            assert isinstance(route, ASGIRoute | WebSocketRoute)
            socket = isinstance(route, WebSocketRoute)
            yield "GET" if socket else "POST", path, route.route_handler.opt["access"], socket


def test_no_spelling_of_any_route_passes_without_its_scope(scoped: Running) -> None:
    for method, path, access, socket in every_route(scoped):
        plain = asked(scoped, method, path, "", socket)
        if access is Access.OPEN:
            assert plain not in (401, 403), (method, path)
            continue
        needed = str(access.name).lower()
        wrong = next(key for name, key in SCOPES.items() if key and name != needed)
        right = asked(scoped, method, path, SCOPES[needed], socket)
        assert right not in (401, 403), (method, path, right)
        assert (plain, asked(scoped, method, path, wrong, socket)) == ((403, 403) if socket else (401, 403))
        for way in spellings(path):
            for key in ("", wrong):
                answer = asked(scoped, method, way, key, socket)
                assert answer in (400, 401, 403, 404, 405), (method, way, key, answer)


def test_the_routes_need_what_they_do(scoped: Running) -> None:
    needs = {(method, path): access for method, path, access, _ in every_route(scoped)}
    assert needs["POST", "/v1/predict"] == needs["GET", "/v1/stream"] == Access.PREDICT
    assert needs["POST", "/v1/trace"] == Access.TRACE
    admin = {path for (method, path), access in needs.items() if access == Access.ADMIN}
    assert admin == {"/v2/repository/models/none/load", "/v2/repository/models/none/unload"}
    opened = {path for (_, path), access in needs.items() if access is Access.OPEN}
    assert not [path for path in opened if path.startswith(("/v1", "/v2/models", "/v2/repository"))]


def test_a_file_of_keys_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.api.auth.READ_AGAIN", 0.0)
    path = tmp_path / "keys"
    path.write_text(entry("first", "predict"))
    file = KeysFile(path)
    first, second = (hashlib.sha256(key).digest() for key in (b"first", b"second"))
    assert file.keys() == {first: Access.PREDICT}
    path.write_text(entry("second", "trace,admin"))
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1_000_000))
    assert file.keys() == {second: Access.TRACE | Access.ADMIN}
    for bad in ("half a line", None):
        path.unlink() if bad is None else path.write_text(bad)
        assert file.keys() == {second: Access.TRACE | Access.ADMIN}


@pytest.mark.parametrize(
    "line", ["mykey", "name predict", "name predict 12", "name root " + 64 * "0", "name , " + 64 * "0"]
)
def test_a_wrong_line_is_named_without_what_is_in_it(tmp_path: Path, line: str) -> None:
    (tmp_path / "keys").write_text(f"\n{line}")
    with pytest.raises(ValueError, match="line 2") as raised:
        read_keys(tmp_path / "keys")
    assert line not in str(raised.value)
    with pytest.raises(InvalidSettings, match="keys_file"):
        KeysFile(tmp_path / "keys")
    with pytest.raises(InvalidSettings, match="keys_file"):
        KeysFile(tmp_path / "nowhere")


def test_the_ledger_of_v2_needs_the_scope_of_traces(guarded: Running, scoped: Running) -> None:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}
    body = {"inputs": [tensor], "outputs": [{"name": "ledger"}]}
    for service, key, expected in ((guarded, "reader", 200), (scoped, SCOPES["predict"], 403)):
        headers = {"Authorization": f"Bearer {key}"}
        response = service.client.post("/v2/models/lstm/infer", json=body, headers=headers)
        assert response.status_code == expected
