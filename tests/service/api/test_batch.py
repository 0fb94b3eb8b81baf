import json
from pathlib import Path

import pytest

from service.settings import Settings
from tests.service.conftest import Running, running


def test_rows_are_answered_in_order_as_alone(served: Running) -> None:
    rows = [{"text": f"good bad {'film ' * n}", "model": ("rnn", "lstm", "gru")[n % 3]} for n in range(100)]
    answers = served.client.post("/v1/batch", json=rows).json()
    for row, answer in zip(rows, answers, strict=True):
        alone = served.predict(**row).json()
        assert {name: answer[name] for name in ("model", "label", "words")} == {
            name: alone[name] for name in ("model", "label", "words")
        }
        assert answer["probabilities"] == pytest.approx(alone["probabilities"], abs=1e-5)


def test_a_row_may_be_a_text_alone(served: Running) -> None:
    assert served.client.post("/v1/batch", json=["good", {"text": "good"}]).json()[0]["label"]


def test_the_address_names_the_model_of_rows_that_name_none(served: Running) -> None:
    answers = served.client.post(
        "/v1/batch?model=rnn&version=1", json=["good", {"text": "good", "model": "gru"}]
    ).json()
    assert [answer["model"] for answer in answers] == ["rnn", "gru"]


@pytest.mark.parametrize("query", ["version=0", "version=-1", "version=X", "version=" + 5000 * "9", "versions=1"])
@pytest.mark.parametrize("form", ["application/json", "application/x-ndjson"])
def test_an_address_that_makes_no_sense_is_400(served: Running, query: str, form: str) -> None:
    response = served.client.post(f"/v1/batch?{query}", content='["good"]', headers={"Content-Type": form})
    assert response.status_code == 400


@pytest.mark.parametrize("form", ["application/json", "application/x-ndjson"])
def test_a_time_limit_that_is_none_is_400(served: Running, form: str) -> None:
    headers = {"Content-Type": form, "X-Request-Timeout": "soon"}
    assert served.client.post("/v1/batch", content='["good"]', headers=headers).status_code == 400


def test_a_bad_row_is_one_error_row(served: Running) -> None:
    rows = ["good", "", 3, {"text": "bad", "model": "x"}, {"txt": "bad"}, "bad"]
    answers = served.client.post("/v1/batch", json=rows).json()
    assert [answer["error"]["status"] if "error" in answer else 200 for answer in answers] == [
        200,
        422,
        400,
        404,
        400,
        200,
    ]
    assert [answer["row"] for answer in answers if "error" in answer] == [1, 2, 3, 4]


def test_an_empty_list_has_an_empty_answer(served: Running) -> None:
    assert served.client.post("/v1/batch", json=[]).json() == []


@pytest.mark.parametrize("body", [b"", b"{}", b'"good"', b"[", b'["\\ud800"]'])
def test_what_is_no_json_list_is_400(served: Running, body: bytes) -> None:
    assert served.client.post("/v1/batch", content=body).status_code == 400


def test_limits_are_413_and_named(repository: Path) -> None:
    with running(Settings(repository=repository, max_batch_rows=3, max_batch_bytes=200)) as service:
        too_many = service.client.post("/v1/batch", json=["good"] * 4)
        too_long = service.client.post("/v1/batch", content=json.dumps(["good " * 100]))
        assert (too_many.status_code, too_long.status_code) == (413, 413)
        assert "3 rows" in too_many.json()["detail"]
        assert "200 bytes" in too_long.json()["detail"]
        assert service.client.post("/v1/batch", json=["good"] * 3).status_code == 200
