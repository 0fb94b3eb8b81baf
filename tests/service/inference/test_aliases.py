"""Versions have other names, such as `stable`: they mean the same whichever way one asks."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets

import gatescope
from models.bundle.aliases import FILE
from service.score.options import Options
from service.score.progress import ScoringProgress
from service.score.run import run
from service.settings import Settings
from service.tracing.obtain import own_trace, request_of
from tests.bundles import change_manifest, random_weights, write_bundle
from tests.service.conftest import Running, running, until

TEXT = "a great film"


def name_versions(repository: Path, **aliases: int) -> None:
    aside = repository / "lstm" / ".aliases"
    aside.write_text(json.dumps(aliases))
    aside.rename(repository / "lstm" / FILE)


@pytest.fixture(scope="module")
def named(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions of `lstm`: 1 is `stable`, 3 is `canary`, 2 has no other name."""
    copy = shutil.copytree(repository, tmp_path_factory.mktemp("named") / "repository")
    for seed in (7, 8):
        write_bundle(copy, "lstm", random_weights("lstm", seed=seed))
    name_versions(copy, stable=1, canary=3)
    return copy


@pytest.fixture(scope="module")
def service(named: Path) -> Iterator[Running]:
    with running(Settings(repository=named)) as service:
        yield service


def predict(service: Running, version: str) -> Any:
    return service.predict(TEXT, version=version)


def batch(service: Running, version: str) -> Any:
    answer = service.client.post("/v1/batch", json=[TEXT], params={"version": version, "model": "lstm"})
    (row,) = answer.json()
    assert row == service.client.post("/v1/batch", json=[{"text": TEXT, "version": version}]).json()[0]
    return row


def lines(service: Running, version: str) -> Any:
    headers = {"content-type": "application/x-ndjson"}
    answer = service.client.post("/v1/batch", content=json.dumps(TEXT), params={"version": version}, headers=headers)
    return json.loads(answer.text.splitlines()[0])


def stream(service: Running, version: str) -> Any:
    async def work() -> Any:
        async with websockets.connect(f"ws://127.0.0.1:{service.port}/v1/stream") as socket:
            await socket.send(json.dumps({"text": TEXT, "version": version, "end": True}))
            heard = None
            with contextlib.suppress(websockets.ConnectionClosedError):
                async for message in socket:
                    heard = json.loads(message)
            return heard

    return asyncio.run(work())


def trace(service: Running, version: str) -> Any:
    body = service.client.post("/v1/trace", json={"text": TEXT, "version": version}).json()
    return {"version": body["model"]["version"]} if "model" in body else body


def infer(service: Running, version: str) -> Any:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    body = service.client.post(f"/v2/models/lstm/versions/{version}/infer", json={"inputs": [tensor]}).json()
    return {"version": int(body["model_version"])} if "model_version" in body else body


def card(service: Running, version: str) -> Any:
    return service.client.get(f"/v1/models/lstm/versions/{version}").json()


def part(service: Running, version: str) -> Any:
    first = service.predict("a great", version=version, return_state=True).json()
    return (
        service.predict(" film", version=version, state=first.get("state", "none")).json()
        if "state" in first
        else first
    )


WAYS = [lambda service, version: predict(service, version).json(), batch, lines, stream, trace, infer, card, part]


@pytest.mark.parametrize("ask", WAYS, ids=["predict", "batch", "lines", "stream", "trace", "infer", "card", "part"])
def test_an_alias_means_the_same_version_everywhere(service: Running, ask: Callable[[Running, str], Any]) -> None:
    assert (ask(service, "stable")["version"], ask(service, "canary")["version"]) == (1, 3)
    unknown = json.dumps(ask(service, "beta"))
    assert "no lstm version beta; served: " in unknown
    assert "lstm version 1 (stable)" in unknown


def test_cards_and_metrics_tell_the_aliases(service: Running) -> None:
    cards = {each["version"]: each["aliases"] for each in service.client.get("/v1/models/lstm").json()["versions"]}
    assert cards == {3: ["canary"], 1: ["stable"]}
    assert service.metric("gatescope_model_alias", model="lstm", version="1", alias="stable") == 1


@pytest.mark.parametrize("version", ["Stable", "1", "", "a b", True, 0])
def test_what_is_neither_a_number_nor_an_alias_is_400(service: Running, version: object) -> None:
    assert service.predict(TEXT, version=version).status_code == 400


def test_commands_and_python_know_them(named: Path, tmp_path: Path) -> None:
    assert gatescope.load("lstm", version="stable", repository=named).card.version == 1
    with pytest.raises(LookupError, match="no lstm version beta"):
        gatescope.load("lstm", version="beta", repository=named)
    request = request_of(text=TEXT, model=None, version="stable", target=None, include=frozenset(), units=1)
    assert json.loads(own_trace(named, request, print))["model"]["version"] == 1
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"text": TEXT}) + "\n")
    scored = {version: tmp_path / f"{version}.jsonl" for version in ("stable", 1, 3)}
    for version, file in scored.items():
        run(Options([str(source)], str(file), named, version=version, workers=1), ScoringProgress(quiet=True))
    assert scored["stable"].read_text() == scored[1].read_text() != scored[3].read_text()


def test_an_alias_that_moves_is_followed(named: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(named, tmp_path / "repository")
    with running(Settings(repository=copy, follow_seconds=0.05)) as service:
        name_versions(copy, stable=2)
        until(lambda: predict(service, "stable").json().get("version") == 2)
        assert predict(service, "canary").status_code == 404
        (copy / "lstm" / FILE).write_text('{"stable": ')
        (copy / "wanted.json").write_text('{"lstm": [3, 2]}')
        assert predict(service, "stable").json()["version"] == 2
        name_versions(copy, stable=3, old=1)
        until(lambda: predict(service, "stable").json()["version"] == 3)
        assert predict(service, "old").status_code == 404


def test_an_alias_of_a_version_that_can_not_be_served_means_nothing(named: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(named, tmp_path / "repository")
    change_manifest(copy / "lstm" / "1", temperature=-1)
    name_versions(copy, stable=1, canary=2, gone=9)
    with running(Settings(repository=copy)) as service:
        assert predict(service, "canary").json()["version"] == 2
        assert (predict(service, "stable").status_code, predict(service, "gone").status_code) == (404, 404)
        (copy / "lstm" / FILE).write_text("[]")
        answer = service.client.post("/v2/repository/models/lstm/load")
        assert (answer.status_code, "aliases.json" in answer.json()["error"]) == (409, True)
        name_versions(copy, canary=2)
        loaded = {"parameters": {"version": "canary"}}
        assert service.client.post("/v2/repository/models/lstm/load", json=loaded).status_code == 200
        assert service.predict(TEXT).json()["version"] == 2
