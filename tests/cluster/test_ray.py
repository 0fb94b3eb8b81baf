"""Scoring on a Ray cluster of two nodes on this machine: `make test-cluster`, which has an environment of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.bundle.files import read
from service.inference.limits import TextLimits
from service.score.options import MAX_TEXT_BYTES
from service.score.scorer import Scored, Scorer
from tests.bundles import random_weights, write_bundle
from tests.service.score.conftest import reviews, write_csv, write_jsonl

pytest.importorskip("ray")

from ray.cluster_utils import Cluster

ROWS = 9000


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    nodes.add_node(num_cpus=2)
    nodes.wait_for_nodes()
    yield nodes
    nodes.shutdown()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    write_bundle(folder, "lstm", random_weights("lstm", embedding_size=64, hidden_size=64))
    return folder


def start(cluster: Cluster, models: Path, *given: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "gatescope", "score", "--engine", "ray", "--json", "--repository", models, *given]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    return subprocess.Popen(
        [*map(str, command)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def rows_of(out: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(out).to_pylist()
    return sorted(rows, key=lambda row: int(str(row["id"])))


def check(out: Path, models: Path, texts: list[str]) -> None:
    """Every row once, its answer that of the local scorer."""
    rows = rows_of(out)
    assert [row["text"] for row in rows] == texts
    for row, answer in zip(
        rows, Scorer(read(models / "lstm" / "1"), TextLimits(2048, MAX_TEXT_BYTES))(texts), strict=True
    ):
        if not isinstance(answer, Scored):
            assert (row["label"], row["error"]) == (None, answer.reason)
            continue
        assert (row["label"], row["words"], row["error"]) == (answer.label, answer.words, None)
        found = [row["probability_rotten"], row["probability_fresh"]]
        assert found == pytest.approx([*answer.probabilities.values()], abs=1e-5)


@pytest.mark.parametrize(("suffix", "write"), [("csv", write_csv), ("jsonl", write_jsonl)])
def test_a_cluster_answers_as_one_process(
    cluster: Cluster, models: Path, tmp_path: Path, suffix: str, write: Callable[[Path, list[str]], None]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    texts = reviews(300)
    write(folder / f"a.{suffix}", texts)
    process = start(cluster, models, folder, "--out", tmp_path / "out")
    said, error = process.communicate(timeout=240)
    assert process.returncode == 0, error
    assert json.loads(said)["rows"] == 300
    check(tmp_path / "out", models, texts)


def test_a_worker_killed_half_way_loses_nothing(cluster: Cluster, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    texts = [f"{number} {text}" for number, text in enumerate(reviews(ROWS))]
    write_jsonl(folder / "all.jsonl", texts)
    lines = (folder / "all.jsonl").read_text().splitlines(keepends=True)
    (folder / "all.jsonl").unlink()
    for part in range(9):
        (folder / f"{part}.jsonl").write_text("".join(lines[part * 1000 : (part + 1) * 1000]))
    killed: list[int] = []
    stop = threading.Event()
    killing = threading.Thread(target=_kill_one, args=(killed, stop))
    killing.start()
    process = start(cluster, models, folder, "--out", tmp_path / "out", "--workers", "2")
    _, error = process.communicate(timeout=300)
    stop.set()
    killing.join()
    assert killed
    assert process.returncode == 0, error
    check(tmp_path / "out", models, texts)


def test_an_output_that_is_there_is_not_touched(cluster: Cluster, models: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    write_csv(tmp_path / "in.csv", reviews(3))
    process = start(cluster, models, tmp_path / "in.csv", "--out", tmp_path / "out")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "exists" in error


def _kill_one(killed: list[int], stop: threading.Event) -> None:
    """Kill the first scoring actor that is seen, a moment after it has begun."""
    while not killed and not stop.is_set():
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                title = process.read_bytes()
            except OSError:
                continue
            if b"MapWorker" in title and b"Actor" in title:
                time.sleep(0.5)
                os.kill(int(process.parent.name), signal.SIGKILL)
                killed.append(int(process.parent.name))
                return
        time.sleep(0.05)
