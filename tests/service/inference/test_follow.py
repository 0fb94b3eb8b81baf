"""A service that follows its repository serves what is there, without being asked to."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.bundle.served_versions import FILE
from service.settings import Settings
from tests.bundles import random_weights, write_bundle
from tests.service.conftest import Running, running, until


@pytest.fixture
def copied(tmp_path: Path, repository: Path) -> Path:
    return shutil.copytree(repository, tmp_path / "repository")


@pytest.fixture
def service(copied: Path) -> Iterator[Running]:
    with running(Settings(repository=copied, follow_seconds=0.05)) as service:
        yield service


def served(service: Running) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for card in service.client.get("/v1/models").json()["models"]:
        found.setdefault(card["name"], []).append(card["version"])
    return found


def want(repository: Path, text: str) -> None:
    aside = repository / ".wanted"
    aside.write_text(text)
    aside.rename(repository / FILE)


def test_a_new_version_is_served_and_one_that_is_removed_is_not(service: Running, copied: Path) -> None:
    write_bundle(copied, "lstm", random_weights("lstm", seed=7))
    until(lambda: served(service)["lstm"] == [2])
    shutil.rmtree(copied / "lstm" / "2")
    until(lambda: served(service)["lstm"] == [1])
    shutil.rmtree(copied / "gru")
    until(lambda: "gru" not in served(service))
    assert service.client.get("/health/ready").status_code == 200


def test_a_version_that_comes_file_by_file_is_served_once_it_is_whole(service: Running, copied: Path) -> None:
    whole = shutil.move(write_bundle(copied, "gru", random_weights("gru", seed=7)), copied.parent / "whole")
    (copied / "gru" / "2").mkdir(exist_ok=True)
    for file in sorted(Path(whole).iterdir()):
        shutil.copy2(file, copied / "gru" / "2")
        time.sleep(0.06)
        assert service.predict("good", model="gru").status_code == 200
    until(lambda: served(service)["gru"] == [2])


def test_a_repository_that_is_gone_for_a_while_changes_nothing(service: Running, copied: Path) -> None:
    before = served(service)
    copied.rename(copied.parent / "gone")
    time.sleep(0.2)
    assert served(service) == before
    assert service.client.get("/health/ready").status_code == 200


def test_the_file_decides_and_without_it_the_newest(service: Running, copied: Path) -> None:
    write_bundle(copied, "lstm", random_weights("lstm", seed=7))
    until(lambda: served(service)["lstm"] == [2])
    want(copied, '{"lstm": [1, 2]}')
    until(lambda: served(service) == {"lstm": [1, 2]})
    want(copied, '{"lstm": [')
    time.sleep(0.2)
    assert served(service) == {"lstm": [1, 2]}
    (copied / FILE).unlink()
    until(lambda: served(service) == {"gru": [1], "lstm": [2], "rnn": [1]})


def test_a_service_starts_with_what_is_wanted(copied: Path) -> None:
    write_bundle(copied, "lstm", random_weights("lstm", seed=7))
    want(copied, json.dumps({"lstm": [1], "gru": [1]}))
    with running(Settings(repository=copied)) as service:
        assert served(service) == {"gru": [1], "lstm": [1]}
    want(copied, json.dumps({"lstm": [1], "gru": [9]}))
    with running(Settings(repository=copied), ready=False) as service:
        until(lambda: served(service) == {"lstm": [1]})
        until(lambda: service.client.get("/health/ready").json()["reason"] == "no valid version of gru")


def test_nobody_else_decides(service: Running) -> None:
    for change in ("load", "unload"):
        answer = service.client.post(f"/v2/repository/models/lstm/{change}")
        assert answer.status_code == 409
        assert "follow_seconds" in answer.json()["error"]
