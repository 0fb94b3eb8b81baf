"""A text in pieces over a WebSocket: a prediction a word, each that of the text up to there."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.serving import serving

TEXT = "An amazing plot, <br />but it's too long..."


@pytest.fixture(scope="module")
def root(repository: Path) -> Iterator[str]:
    with serving(repository, "--workers", "1") as address:
        yield address


def say(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def hear(socket: ClientConnection) -> dict[str, Any]:
    return json.loads(socket.recv(timeout=10))


def all_of(root: str, *messages: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """What the service says to these messages, and the code that it closes with."""
    heard = []
    with connect(root.replace("http", "ws") + "/v1/stream") as socket:
        for message in messages:
            say(socket, **message)
        while True:
            try:
                heard.append(hear(socket))
            except ConnectionClosed as closed:
                assert closed.rcvd
                return heard, closed.rcvd.code


def predict(root: str, text: str, model: str) -> dict[str, Any]:
    body = json.dumps({"text": text, "model": model}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{root}/v1/predict", body)) as answer:
        return json.load(answer)


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru"])
def test_every_prediction_is_that_of_the_text_so_far(root: str, model: str) -> None:
    pieces = [{"text": TEXT[start : start + 5]} for start in range(0, len(TEXT), 5)]
    heard, code = all_of(root, {"model": model}, *pieces, {"end": True})
    assert code == 1000
    *running, final = heard
    assert [one["word"] for one in running] == ["An", "amazing", "plot", ",", "but", "it's", "too", "long", *"..."]
    for number, one in enumerate(running, 1):
        expected = predict(root, TEXT[: one["end"]], model)
        assert one["words"] == expected["words"] == number
        assert (one["label"], one["unknown_rate"]) == (expected["label"], expected["unknown_rate"])
        assert one["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
        assert TEXT[one["start"] : one["end"]] == one["word"]
    assert final == {**running[-1], "final": True}


def test_a_prediction_comes_as_soon_as_its_word_has_ended(root: str) -> None:
    with connect(root.replace("http", "ws") + "/v1/stream") as socket:
        say(socket, text="amazing")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.2)
        say(socket, text=" ")
        assert hear(socket)["word"] == "amazing"


def test_a_stream_past_the_limit_freezes(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_WORDS", "3")
    with serving(repository, "--workers", "1") as root:
        heard, code = all_of(root, {"text": "one two three four five six "}, {"text": "seven "}, {"end": True})
    assert code == 1000
    assert [one["truncated"] for one in heard] == [False, False, False, True, True]
    assert heard[-1]["probabilities"] == heard[2]["probabilities"] and heard[-1]["words"] == 3


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"model": "none"}, 404),
        ({"text": 7}, 400),
        ({"surprise": 1}, 400),
        ({"text": "  <br /> ", "end": True}, 422),
        ({"text": "<a " + "b" * 20_000}, 413),
        ({"text": "\ud800"}, 400),
    ],
)
def test_what_can_not_be_read_is_a_problem_and_the_end(root: str, message: dict[str, Any], status: int) -> None:
    heard, code = all_of(root, message)
    assert [one["status"] for one in heard] == [status]
    assert code == 1008
