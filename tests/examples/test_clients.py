"""The example clients run against a service."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from service.settings import Settings
from tests.service.conftest import Running, running

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXT = "Not bad at all, and the ending is amazing."


@pytest.fixture(scope="module")
def served(repository: Path) -> Iterator[Running]:
    with running(Settings(repository=repository)) as service:
        yield service


def run(program: str, example: str, *arguments: str) -> str:
    command = [program, str(EXAMPLES / example), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_httpx_example_prints_what_the_service_says(served: Running) -> None:
    said = run(sys.executable, "http_client.py", str(served.client.base_url)).splitlines()
    assert said[0].startswith(served.predict(TEXT).json()["label"])
    assert len(said) == 3 and said[2].endswith("after 11 words")


def test_the_javascript_example_reads_along(served: Running) -> None:
    """In the Node that Playwright brings."""
    first, *words, last = run(compute_driver_executable()[0], "stream.mjs", str(served.client.base_url)).splitlines()
    label = served.predict(TEXT).json()["label"]
    assert first.startswith(label) and last == f"{label} after 11 words"
    assert [line.split()[0] for line in words] == re.findall(r"\w+|[,.]", TEXT)


def test_the_label_studio_example_writes_tasks_with_the_least_sure_first(served: Running, tmp_path: Path) -> None:
    (tmp_path / "reviews.txt").write_text(f"{TEXT}\n \nA dull film.\n")
    tasks = json.loads(
        run(sys.executable, "label_studio.py", str(tmp_path / "reviews.txt"), str(served.client.base_url))
    )
    assert {task["data"]["text"] for task in tasks} == {TEXT, "A dull film."}
    scores = []
    for task in tasks:
        (prediction,) = task["predictions"]
        (choice,) = prediction["result"]
        assert choice["value"]["choices"] == [served.predict(task["data"]["text"]).json()["label"]]
        scores.append(prediction["score"])
    assert scores == sorted(scores)
