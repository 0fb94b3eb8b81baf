"""Open sequences: how many, for how long, one request of each at a time, and in every worker."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from service.api.sequences import SequenceBusy, Sequences, UnknownSequence
from service.errors import Overloaded
from service.settings import Settings
from tests.serving import serving


class Clock:
    """Time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_sequence_is_held_until_it_is_put_back() -> None:
    sequences = Sequences(Settings())
    assert sequences.take("a", start=True) is None
    for start in (True, False):
        with pytest.raises(SequenceBusy):
            sequences.take("a", start=start)
    sequences.put("a", "state")
    assert sequences.take("a", start=False) == "state"
    sequences.put("a", None)
    with pytest.raises(UnknownSequence):
        sequences.take("a", start=False)


def test_one_of_which_nothing_comes_is_gone_and_makes_room() -> None:
    clock = Clock()
    sequences = Sequences(Settings(max_typed_texts=2, stream_idle_seconds=10), clock)
    for key in ("a", "b"):
        sequences.take(key, start=True)
        sequences.put(key, key)
    with pytest.raises(Overloaded):
        sequences.take("c", start=True)
    clock.now = 8.0
    sequences.take("a", start=False)
    sequences.put("a", "a2")
    assert len(sequences) == 2
    clock.now = 12.0
    assert len(sequences) == 1
    assert sequences.take("c", start=True) is None
    assert sequences.take("a", start=False) == "a2"
    with pytest.raises(UnknownSequence):
        sequences.take("b", start=False)


def infer(root: str, text: str, **parameters: Any) -> dict[str, Any]:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    body = json.dumps({"inputs": [tensor], "parameters": parameters}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{root}/v2/models/lstm/infer", body)) as answer:
        return {output["name"]: output["data"] for output in json.load(answer)["outputs"]}


def test_a_sequence_goes_on_in_any_worker_and_statistics_are_of_all(repository: Path) -> None:
    with serving(repository, "--workers", "2") as root:
        words = ["not", "bad", "at", "all", "and", "amazing", "in", "the", "end"]
        for number, word in enumerate(words):
            said = infer(root, f" {word}", sequence_id=3, sequence_start=number == 0, sequence_end=word == "end")
        whole = infer(root, " ".join(words))
        assert said["words"] == whole["words"] == [len(words)]
        assert said["probabilities"] == pytest.approx(whole["probabilities"], abs=1e-5)
        infer(root, "more", sequence_id="other", sequence_start=True)
        with urllib.request.urlopen(f"{root}/metrics") as answer:
            assert b"gatescope_open_sequences 1.0" in answer.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            infer(root, "more", sequence_id=3)
        assert "sequence_start" in json.load(refused.value)["error"]
        until = time.monotonic() + 30
        while (count := inference_count(root)) < len(words) + 2 and time.monotonic() < until:
            time.sleep(0.05)  # what another worker has measured comes a quarter of a second later
        assert count == len(words) + 2


def inference_count(root: str) -> int:
    with urllib.request.urlopen(f"{root}/v2/models/lstm/stats") as answer:
        (found,) = json.load(answer)["model_stats"]
        return found["inference_count"]
