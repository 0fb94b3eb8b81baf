"""`--states npz`: every hidden state of every row, whatever is killed on the way."""

import random
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from models.bundle.files import read
from models.network.equations import forward
from models.trace import running_logits
from tests.service.score.conftest import Scoring, read_csv, reviews, write_csv

ROWS = 1500


def states(folder: Path) -> dict[int, dict[str, np.ndarray]]:
    """Ids and hidden states by row of the output."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as part:
            arrays = {name: part[name] for name in part.files}
        ends = np.cumsum(arrays["lengths"])
        for row, start, end in zip(arrays["rows"].tolist(), ends - arrays["lengths"], ends, strict=True):
            assert row not in found
            found[row] = {name: arrays[name][start:end] for name in arrays if name.startswith(("ids", "hidden_"))}
    return found


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_they_are_those_of_the_network(scoring: Scoring, model: str) -> None:
    write_csv(scoring.folder / "in.csv", reviews(40))
    scoring.run("in.csv", "--out", "o.csv", "--states", "npz", "--model", model)
    bundle = read(scoring.repository / model / "1")
    rows, found = read_csv(scoring.folder / "o.csv"), states(scoring.folder / "o.csv.states")
    assert sorted(found) == [number for number, row in enumerate(rows) if row["label"]]
    weights = bundle.weights.astype(np.float64)
    for number, arrays in found.items():
        right = forward(weights, bundle.vocabulary.encode(rows[number]["text"], 2048).ids)
        for layer, run in enumerate(right.runs):
            np.testing.assert_allclose(arrays[f"hidden_{layer}"], run.hidden, atol=1e-5)
        logits = running_logits(bundle.weights, arrays[f"hidden_{len(right.runs) - 1}"])[-1]
        np.testing.assert_allclose(logits, right.logits, atol=1e-4)


def test_the_labels_are_the_same_without_them(scoring: Scoring) -> None:
    write_csv(scoring.folder / "in.csv", reviews(300))
    scoring.run("in.csv", "--out", "plain.csv")
    scoring.run("in.csv", "--out", "o.csv", "--states", "npz")
    plain, with_states = read_csv(scoring.folder / "plain.csv"), read_csv(scoring.folder / "o.csv")
    assert [row["label"] for row in plain] == [row["label"] for row in with_states]


def test_killed_and_started_again(scoring: Scoring) -> None:
    write_csv(scoring.folder / "in.csv", reviews(ROWS))
    arguments = ["in.csv", "--states", "npz"]
    scoring.run(*arguments, "--out", "whole.csv", "--workers", "1")
    rng, kills = random.Random(3), 0
    while not (scoring.folder / "o.csv").exists():
        command = scoring.arguments(*arguments, "--out", "o.csv", "--workers", "2")
        process = subprocess.Popen(command, cwd=scoring.folder, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.5, 2.0) * (1 + kills / 2))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() != 0
    whole, resumed = (
        {path.name: path.read_bytes() for path in (scoring.folder / f"{name}.states").glob("*")}
        for name in ("whole.csv", "o.csv")
    )
    assert {name: content for name, content in resumed.items() if name.endswith(".npz")} == whole


def test_a_shorter_input_leaves_none_of_the_earlier_files(scoring: Scoring) -> None:
    for rows in (ROWS, 10):
        write_csv(scoring.folder / "in.csv", reviews(rows))
        scoring.run("in.csv", "--out", "o.csv", "--states", "npz")
    assert len(list((scoring.folder / "o.csv.states").iterdir())) == 1


@pytest.mark.parametrize("given", [["--remote", "http://127.0.0.1:1"], ["--engine", "ray"]])
def test_elsewhere_it_is_refused(scoring: Scoring, given: list[str]) -> None:
    write_csv(scoring.folder / "in.csv", reviews(3))
    done = scoring.run("in.csv", "--out", "o.csv", "--states", "npz", *given, code=2)
    assert "--states" in done.stderr.decode()


def test_to_a_pipe_it_is_refused(scoring: Scoring) -> None:
    write_csv(scoring.folder / "in.csv", reviews(3))
    assert b"--states" in scoring.run("in.csv", "--out", "-", "--format", "csv", "--states", "npz", code=2).stderr
