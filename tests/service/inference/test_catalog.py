import json
import os
import shutil
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import httpx
import pytest

from service.inference import catalog
from service.settings import Settings
from tests.bundles import corpus, random_weights, write_bundle
from tests.service.conftest import running, until


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A repository whose `lstm` has versions 1 and 2."""
    folder = tmp_path_factory.mktemp("versions") / "repository"
    shutil.copytree(repository, folder)
    write_bundle(folder, "lstm", random_weights("lstm", seed=7))
    return folder


@pytest.fixture
def copied(tmp_path: Path, second: Path) -> Path:
    """The same, to be changed by one test."""
    return shutil.copytree(second, tmp_path / "repository")


def versions(client: httpx.Client, name: str) -> list[int]:
    found = client.get(f"/v1/models/{name}")
    return [card["version"] for card in found.json()["versions"]] if found.status_code == 200 else []


def break_bundle(folder: Path) -> None:
    with (folder / "step.onnx").open("r+b") as file:
        file.seek(100)
        file.write(b"\x00\xff")


def test_the_newest_version_is_served_and_older_ones_where_a_setting_says_so(second: Path) -> None:
    with running(Settings(repository=second)) as service:
        assert versions(service.client, "lstm") == [2]
        assert service.predict("good").json()["version"] == 2
        assert service.predict("good", version=1).status_code == 404
    with running(Settings(repository=second, versions_per_model=2)) as service:
        assert versions(service.client, "lstm") == [2, 1]
        answers = {service.predict("good", version=number).json()["probabilities"]["fresh"] for number in (1, 2)}
        assert len(answers) == 2
        assert service.predict("good").json()["version"] == 2


def test_the_default_model_is_the_one_set_then_lstm_then_the_first(copied: Path) -> None:
    with running(Settings(repository=copied, default_model="rnn")) as service:
        assert service.predict("good").json()["model"] == "rnn"
        assert [c["name"] for c in service.client.get("/v1/models").json()["models"] if c["default"]] == ["rnn"]
    shutil.rmtree(copied / "lstm")
    with running(Settings(repository=copied)) as service:
        assert service.predict("good").json()["model"] == "gru"


def test_a_card_says_what_the_manifest_says(second: Path) -> None:
    manifest = json.loads((second / "gru" / "1" / "manifest.json").read_text())
    with running(Settings(repository=second)) as service:
        card = service.client.get("/v1/models/gru/versions/1").json()
        assert card == service.client.get("/v1/models/gru").json()["versions"][0]
        for name in (
            "name",
            "version",
            "cell",
            "embedding_size",
            "hidden_size",
            "layers",
            "pooling",
            "labels",
            "metrics",
        ):
            assert card[name] == manifest[name]
        assert card["sha256"] == service.service.context.catalog.find("gru").bundle.sha256
        assert service.client.get("/v1/models/gru/versions/2").status_code == 404
        assert service.client.get("/v1/models/none").status_code == 404


def test_a_bad_version_is_refused_by_name_and_the_one_before_it_is_served(copied: Path) -> None:
    break_bundle(copied / "lstm" / "2")
    with running(Settings(repository=copied)) as service:
        assert versions(service.client, "lstm") == [1]
        states = service.client.get("/health/ready").json()["models"]
        assert [s["state"] for s in states if s["name"] == "lstm"] == ["READY", "UNAVAILABLE"]
        assert any("lstm/2/step.onnx" in state["reason"] for state in states)
        assert service.metric("gatescope_model_loads_total", model="lstm", version="2", outcome="failed") == 1
        assert service.metric("gatescope_model_ready", model="lstm", version="1") == 1


def test_a_model_without_a_valid_version_makes_the_service_not_ready_unless_told_otherwise(copied: Path) -> None:
    break_bundle(copied / "gru" / "1")
    with running(Settings(repository=copied), ready=False) as service:
        while "loaded" in (answer := service.client.get("/health/ready")).json()["reason"]:
            pass
        assert (answer.status_code, answer.json()["reason"]) == (503, "no valid version of gru")
        assert service.predict("good").status_code == 200
        assert service.client.get("/health/live").status_code == 200
    with running(Settings(repository=copied, strict_readiness=False)) as service:
        assert service.predict("good", model="gru").status_code == 404


def test_an_empty_repository_is_alive_but_not_ready(tmp_path: Path) -> None:
    with running(Settings(repository=tmp_path / "none"), ready=False) as service:
        assert service.client.get("/health/ready").status_code == 503
        assert service.predict("good").status_code in (404, 503)
        assert service.client.get("/v1/models").json() == {"models": []}


def test_load_and_unload_change_what_is_served(copied: Path) -> None:
    with running(Settings(repository=copied)) as service:
        assert service.client.post("/v2/repository/models/lstm/load", json={"parameters": {"version": 1}}).is_success
        assert versions(service.client, "lstm") == [1]
        assert service.client.post("/v2/repository/models/lstm/load").is_success
        assert versions(service.client, "lstm") == [2]
        assert service.client.post("/v2/repository/models/lstm/unload").is_success
        assert versions(service.client, "lstm") == []
        assert service.predict("good").json()["model"] == "gru"
        index = service.client.post("/v2/repository/index").json()
        assert {row["state"] for row in index if row["name"] == "lstm"} == {"UNAVAILABLE"}
        ready = service.client.post("/v2/repository/index", json={"ready": True}).json()
        assert {row["name"] for row in ready} == {"gru", "rnn"}
        for wrong in ("lstm/unload", "none/load", "none/unload"):
            answer = service.client.post(f"/v2/repository/models/{wrong}")
            assert (answer.status_code, list(answer.json())) == (404, ["error"])


def test_a_load_that_fails_leaves_the_served_version_alone(copied: Path) -> None:
    with running(Settings(repository=copied)) as service:
        before = service.predict("good").json()
        break_bundle(copied / "lstm" / "1")
        answer = service.client.post("/v2/repository/models/lstm/load", json={"parameters": {"version": 1}})
        assert answer.status_code == 409
        assert "step.onnx" in answer.json()["error"]
        assert service.predict("good").json() == before


def test_no_request_fails_while_versions_are_swapped(copied: Path) -> None:
    with running(Settings(repository=copied)) as service, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(service.predict, f"good {'film ' * (n % 50)}") for n in range(400)]
        for number in (1, 2) * 4:
            wanted = {"parameters": {"version": number}}
            assert service.client.post("/v2/repository/models/lstm/load", json=wanted).is_success
        answers = [future.result() for future in asked]
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["version"] for answer in answers} <= {1, 2}


def overwrite(folder: Path, other: Path) -> None:
    """Have every file of a bundle hold the bytes of another one, and end where these do: the same files, written to."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = (other / path.relative_to(folder)).read_bytes()
        with path.open("r+b") as file:
            file.write(content)
            file.truncate()


def empty(folder: Path, _: Path) -> None:
    """Leave the files there with nothing in them."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        os.truncate(path, 0)


@pytest.mark.parametrize("provider", ["native", "onnxruntime"])
@pytest.mark.parametrize("change", [overwrite, empty])
def test_what_is_served_is_what_was_read_whatever_becomes_of_its_files(
    copied: Path, change: Callable[[Path, Path], None], provider: Literal["native", "onnxruntime"]
) -> None:
    with running(Settings(repository=copied, provider=provider)) as service:

        def answers() -> list[dict[str, object]]:
            texts = ("good", "dull, too long", "a great film " * 60)
            predictions = [service.predict(text, model="lstm").json() for text in texts]
            traces = [service.client.post("/v1/trace", json={"text": text, "model": "lstm"}).json() for text in texts]
            for trace in traces:
                del trace["timing_ms"]
            return [*predictions, *traces, service.client.get("/v1/models/lstm").json()]

        before = answers()
        change(copied / "lstm" / "2", copied / "gru" / "1")
        assert answers() == before


@pytest.mark.parametrize("change", [overwrite, empty])
def test_new_content_under_an_old_number_is_refused_at_a_load(
    copied: Path, tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    write_bundle(tmp_path / "other", "lstm", random_weights("lstm", seed=8))
    other = write_bundle(tmp_path / "other", "lstm", random_weights("lstm", seed=9))
    with running(Settings(repository=copied)) as service:
        before = service.predict("good").json()
        change(copied / "lstm" / "2", other)
        for parameters in ({}, {"version": 2}):
            answer = service.client.post("/v2/repository/models/lstm/load", json={"parameters": parameters})
            assert answer.status_code == 409
            assert "lstm/2" in answer.json()["error"]
            assert "what was loaded before is served on" in answer.json()["error"]
        assert service.predict("good").json() == before
        assert service.client.get("/health/ready").status_code == 200


def test_a_number_that_was_served_once_is_not_used_again(copied: Path, tmp_path: Path) -> None:
    weights = random_weights("gru", seed=9)
    other = write_bundle(tmp_path / "other", "gru", weights, corpus=corpus(weights))
    with running(Settings(repository=copied)) as service:
        assert service.client.post("/v2/repository/models/gru/unload").is_success
        kept = shutil.copytree(copied / "gru" / "1", tmp_path / "kept")
        overwrite(copied / "gru" / "1", other)
        answer = service.client.post("/v2/repository/models/gru/load")
        assert answer.status_code == 409
        assert "gru/1: is not what was read before under this number" in answer.json()["error"]
        assert "publish a new one" in answer.json()["error"]
        overwrite(copied / "gru" / "1", kept)
        assert service.client.post("/v2/repository/models/gru/load").is_success


def test_memory_is_returned_once_nothing_refers_to_the_version_that_has_gone(
    second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Settings(repository=second)) as service:
        embedding = weakref.ref(service.service.context.catalog.find("lstm", 2).bundle.weights.embedding)
        found = list[bool]()
        monkeypatch.setattr(catalog, "return_freed_memory", lambda: found.append(embedding() is None))
        assert service.client.post("/v2/repository/models/lstm/load", json={"parameters": {"version": 1}}).is_success
        until(lambda: bool(found))
        assert found == [True]
