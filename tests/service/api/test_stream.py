"""A text in pieces over a WebSocket: a prediction a word, each that of the text up to there."""

import asyncio
import base64
import contextlib
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from service.api.open_texts import OpenTexts
from service.settings import Settings
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
    *running, final = [one for one in heard if not one["preview"]]
    assert [one["word"] for one in running] == ["An", "amazing", "plot", ",", "but", "it's", "too", "long", *"..."]
    for number, one in enumerate(running, 1):
        expected = predict(root, TEXT[: one["end"]], model)
        assert one["words"] == expected["words"] == number
        assert (one["label"], one["unknown_rate"]) == (expected["label"], expected["unknown_rate"])
        assert one["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
        assert TEXT[one["start"] : one["end"]] == one["word"]
    assert final == {**running[-1], "final": True}


def test_a_prediction_comes_as_soon_as_its_word_has_ended_and_a_preview_before(root: str) -> None:
    with connect(root.replace("http", "ws") + "/v1/stream") as socket:
        say(socket, text="not ama")
        assert [(one["word"], one["preview"]) for one in (hear(socket), hear(socket))] == [
            ("not", False),
            ("ama", True),
        ]
        say(socket, text="zing")
        previewed = hear(socket)
        assert (previewed["word"], previewed["preview"], previewed["words"]) == ("amazing", True, 2)
        assert previewed["probabilities"] == pytest.approx(
            predict(root, "not amazing", "lstm")["probabilities"], abs=1e-5
        )
        say(socket, text=" ")
        assert hear(socket) == {**previewed, "preview": False}


@pytest.mark.parametrize("model", ["rnn", "lstm"])
def test_on_request_the_last_prediction_of_an_answer_has_the_strongest_words(root: str, model: str) -> None:
    heard, _ = all_of(
        root, {"model": model, "strongest": 3, "text": "not a bad plot "}, {"text": "amaz"}, {"end": True}
    )
    asked = [one["words"] for one in heard if one["strongest"]]
    assert asked == ([] if model == "rnn" else [4, 5, 5])  # its last word, its preview, the final one
    for one in heard:
        for word in one["strongest"] or ():
            assert "not a bad plot amaz"[word["start"] : word["end"]] == word["word"] and 0 <= word["left"] <= 1
    plain, _ = all_of(root, {"model": model, "text": "not a bad plot "}, {"end": True})
    assert not any(one["strongest"] for one in plain)
    assert all_of(root, {"strongest": 33})[0][0]["type"].endswith("malformed")


def test_a_change_in_the_middle_is_answered_from_the_first_changed_word_on(root: str) -> None:
    edits: list[dict[str, Any]] = [
        {"text": "This film is not bad at all "},
        {"text": "great", "replace": [17, 20]},
        {"replace": [12, 16]},
        {"replace": [12, 25]},
        {"end": True},
    ]
    heard, code = all_of(root, *edits)
    assert code == 1000
    said = [one["word"] for one in heard]
    assert said == [
        *["This", "film", "is", "not", "bad", "at", "all"],
        "great",
        "at",
        "all",
        "great",
        "at",
        "all",
        "is",
        "is",
    ]
    for one, text in [
        (heard[9], "This film is not great at all"),
        (heard[12], "This film is great at all"),
        (heard[-1], "This film is"),
    ]:
        expected = predict(root, text, "lstm")
        assert one["words"] == expected["words"]
        assert one["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


def test_what_is_only_taken_away_is_answered_with_the_last_word_left(root: str) -> None:
    heard, _ = all_of(root, {"text": "one two three "}, {"replace": [4, 14]}, {"replace": [0, 4]}, {"end": True})
    assert [one.get("word", one.get("status")) for one in heard] == ["one", "two", "three", "one", 422]


def test_a_stream_past_the_limit_freezes(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_WORDS", "3")
    with serving(repository, "--workers", "1") as root:
        heard, code = all_of(root, {"text": "one two three four five six "}, {"text": "seven "}, {"end": True})
    assert code == 1000
    heard = [one for one in heard if not one["preview"]]
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
        ({"text": "a", "replace": [0, 1]}, 400),
        ({"text": "a", "replace": [-1, 0]}, 400),
    ],
)
def test_what_can_not_be_read_is_a_problem_and_the_end(root: str, message: dict[str, Any], status: int) -> None:
    heard, code = all_of(root, message)
    assert [one["status"] for one in heard] == [status]
    assert code == 1008


@contextlib.contextmanager
def typing(root: str, **options: Any) -> Iterator[ClientConnection]:
    with connect(root.replace("http", "ws") + "/v1/stream", **options) as socket:
        say(socket, text="an amazing plo")
        assert [hear(socket)["word"] for _ in range(3)] == ["an", "amazing", "plo"]
        yield socket


def gauge(root: str, name: str = "gatescope_typed_texts") -> float:
    with urllib.request.urlopen(f"{root}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def becomes(root: str, wanted: float, name: str = "gatescope_typed_texts") -> bool:
    until = time.monotonic() + 30
    while gauge(root, name) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    return gauge(root, name) == wanted


def ending(socket: ClientConnection) -> tuple[list[dict[str, Any]], int]:
    """What is said until the service closes, and its code."""
    heard = []
    while True:
        try:
            heard.append(hear(socket))
        except ConnectionClosed as closed:
            return heard, closed.rcvd.code


def test_open_streams_are_bounded_counted_and_give_their_place_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_TYPED_TEXTS", "2")
    with serving(repository, "--workers", "1") as root:
        with typing(root) as first, typing(root):
            assert becomes(root, 2)
            (refused,), code = all_of(root)
            assert (refused["status"], code) == (429, 1008)
            say(first, surprise=1)
            assert ending(first)[1] == 1008
            with typing(root):
                assert becomes(root, 2)
        assert becomes(root, 0)


def test_a_stream_that_says_nothing_for_too_long_ends_and_is_counted(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_STREAM_IDLE_SECONDS", "0.3")
    with serving(repository, "--workers", "1") as root, connect(root.replace("http", "ws") + "/v1/stream") as socket:
        say(socket, text="amazing ")
        heard, code = ending(socket)
        assert ([one.get("word", one.get("status")) for one in heard], code) == (["amazing", 408], 1008)
        assert becomes(root, 0)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_ends_open_streams_with_their_last_answer(repository: Path, workers: str) -> None:
    """`serving` stops the service where its block ends."""
    with contextlib.ExitStack() as stack:
        with serving(repository, "--workers", workers) as root:
            socket = stack.enter_context(typing(root))
        heard, code = ending(socket)
    assert code == 1001
    assert [(one["word"], one["final"]) for one in heard] == [("plo", False), ("plo", True)]


def test_a_browser_offers_its_key_as_a_subprotocol(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_API_KEYS", '["key / with ? signs"]')
    right, wrong = (
        [Subprotocol("gatescope"), Subprotocol("gatescope.key." + base64.urlsafe_b64encode(key).decode().rstrip("="))]
        for key in (b"key / with ? signs", b"another")
    )
    with serving(repository, "--workers", "1") as root:
        with typing(root, subprotocols=right) as socket:
            assert socket.subprotocol == "gatescope"
        for refused in (wrong, [Subprotocol("gatescope.key.\u00e9")], None):
            with pytest.raises((InvalidStatus, ValueError)), typing(root, subprotocols=refused):
                pass


def test_others_have_a_turn_between_two_messages_however_many_wait() -> None:
    async def flooded() -> int:
        texts, turns = OpenTexts(Settings()), 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async def receive() -> str:
            return "there already"

        task = asyncio.create_task(others())
        for _ in range(100):
            await texts.wait_for(receive)
        task.cancel()
        return turns

    assert asyncio.run(flooded()) >= 100
