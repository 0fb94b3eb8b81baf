"""The state after a text as a value: parts of a text read in several requests are read as the whole is."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from service.settings import Settings
from tests.bundles import random_weights, write_bundle
from tests.service.conftest import Running, running
from tests.serving import serving

TEXT = "An amazing plot, <br />but it's too long... and <i>not</i> bad at all 🎬👍🏽 很好看"
PARTS = st.lists(st.integers(0, len(TEXT)), max_size=5)


def part(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/predict", json={"text": text, "return_state": True} | fields)
    assert response.status_code == 200, response.text
    return response.json()


def same(parts: dict[str, Any], whole: dict[str, Any]) -> None:
    assert {**parts, "probabilities": None, "state": None} == {**whole, "probabilities": None, "state": None}
    assert parts["probabilities"] == pytest.approx(whole["probabilities"], abs=1e-5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=PARTS, model=st.sampled_from(["rnn", "lstm", "gru"]))
def test_parts_are_read_as_the_whole_is(served: Running, cuts: list[int], model: str) -> None:
    ends = [*sorted({max(2, cut) for cut in cuts}), len(TEXT)]
    said, start = part(served.client, TEXT[: ends[0]], model=model), ends[0]
    same(said, served.predict(TEXT[:start], model=model).json())
    for end in ends[1:]:
        said, start = part(served.client, TEXT[start:end], state=said["state"]), end
        same(said, served.predict(TEXT[:start], model=model).json())


def test_a_state_can_be_gone_on_from_more_than_once_and_with_nothing(served: Running) -> None:
    first = part(served.client, "This film is ")
    same(part(served.client, "", state=first["state"]), served.predict("This film is").json())
    for ending in ("good", "not good"):
        same(part(served.client, ending, state=first["state"]), served.predict(f"This film is {ending}").json())
    last = served.client.post("/v1/predict", json={"text": "dull", "state": first["state"]}).json()
    assert "state" not in last and last["words"] == 4


def test_a_text_past_the_limit_of_words_stays_cut(served: Running) -> None:
    first = part(served.client, "a dull film " * 100)
    assert (first["words"], first["truncated"]) == (200, True)
    same(part(served.client, "and more", state=first["state"]), first)
    cut = part(served.client, "film " * 150, state=part(served.client, "a " * 60)["state"])
    same(cut, served.predict("a " * 60 + "film " * 150).json())


def changed(token: str) -> list[str]:
    """Tokens that nobody has signed."""
    content = bytearray(base64.urlsafe_b64decode(token + "=="))
    tokens = ["", "x", "é", token[:-4], token + "AAAA"]
    for place in (0, 32, 33, len(content) // 2, len(content) - 1):
        flipped = bytearray(content)
        flipped[place] ^= 1
        tokens.append(base64.urlsafe_b64encode(flipped).decode())
    return tokens


def test_a_token_that_was_not_signed_here_is_400_and_holds_no_more_than_it_must(served: Running) -> None:
    state = part(served.client, TEXT)["state"]
    assert len(state) < 1_000
    for wrong in changed(state):
        response = served.client.post("/v1/predict", json={"text": "a", "state": wrong})
        assert response.status_code == 400 and response.json()["detail"].startswith("state: ")
    other = served.client.post("/v1/predict", json={"text": "a", "state": state, "model": "gru"})
    assert (other.status_code, other.json()["detail"]) == (400, "model: the state is of lstm version 1")
    same(part(served.client, "", state=state, model="lstm", version=1), served.predict(TEXT).json())


def test_a_text_without_a_word_is_422_until_one_comes(served: Running) -> None:
    response = served.client.post("/v1/predict", json={"text": " <br /> ", "return_state": True})
    assert response.status_code == 422


@pytest.mark.parametrize("gone", ["retrained", "unloaded"])
def test_the_state_of_a_model_that_is_gone_is_409(repository: Path, tmp_path: Path, gone: str) -> None:
    shutil.copytree(repository / "lstm", tmp_path / "lstm")
    key = SecretStr("shared")
    with running(Settings(repository=tmp_path, state_key=key)) as before:
        state = part(before.client, "An amazing")["state"]
    shutil.rmtree(tmp_path / "lstm")
    write_bundle(tmp_path, "gru" if gone == "unloaded" else "lstm", random_weights("lstm", seed=9))
    with running(Settings(repository=tmp_path, state_key=key)) as after:
        response = after.client.post("/v1/predict", json={"text": " plot", "state": state})
        assert (response.status_code, response.json()["type"]) == (409, "urn:gatescope:problem:state-gone")


def test_replicas_take_each_others_states_where_they_share_the_key(repository: Path) -> None:
    first, second, stranger = (
        Settings(repository=repository, state_key=None if key is None else SecretStr(key)) for key in ("a", "a", None)
    )
    with running(first) as one, running(second) as other, running(stranger) as none:
        state = part(one.client, "An amazing ")["state"]
        same(part(other.client, "plot", state=state), one.predict("An amazing plot").json())
        assert none.client.post("/v1/predict", json={"text": "plot", "state": state}).status_code == 400


def test_workers_take_each_others_states(repository: Path) -> None:
    with serving(repository, "--workers", "2") as root:
        state = None
        for text in ("An ", "amazing ", "plot ", "but ", "long"):
            with httpx.Client(base_url=root, timeout=30) as client:  # a connection of its own: any worker
                answer = part(client, text, **({} if state is None else {"state": state}))
                state = answer["state"]
        assert answer["words"] == 5


def test_a_row_of_a_batch_takes_no_state(served: Running) -> None:
    (row,) = served.client.post("/v1/batch", content=json.dumps([{"text": "a", "return_state": True}])).json()
    assert row["error"]["status"] == 400
