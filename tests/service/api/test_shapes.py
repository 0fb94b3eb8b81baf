"""Requests as they are sent to other servers are answered as these answer them."""

from typing import Any

import pytest

from tests.service.conftest import Running

TEXTS = ["a good film", "dull"]


def post(served: Running, path: str, body: Any, status: int = 200) -> Any:
    response = served.client.post(path, json=body)
    assert response.status_code == status, response.text
    return response.json()


def probabilities(served: Running, text: str, model: str = "lstm") -> list[float]:
    return [*served.predict(text, model=model).json()["probabilities"].values()]


def test_text_embeddings_inference(served: Running) -> None:
    one = post(served, "/predict", {"inputs": TEXTS[0], "truncate": True})
    said = served.predict(TEXTS[0]).json()
    assert [entry["score"] for entry in one] == sorted(said["probabilities"].values(), reverse=True)
    assert one[0]["label"] == said["label"]
    assert post(served, "/predict", {"inputs": TEXTS[0], "parameters": {}}) == [one]
    assert post(served, "/predict", {"inputs": TEXTS[0], "parameters": {"top_k": 1}}) == [one[:1]]
    many = post(served, "/predict", {"inputs": [[text] for text in TEXTS], "raw_scores": False})
    assert many[0] == one and [entries[0]["label"] for entries in many] == [
        served.predict(text).json()["label"] for text in TEXTS
    ]


def test_vllm(served: Running) -> None:
    answer = post(served, "/classify", {"model": "gru", "input": TEXTS})
    assert (answer["object"], answer["model"], answer["usage"]["total_tokens"]) == ("list", "gru", 4)
    for number, text in enumerate(TEXTS):
        assert answer["data"][number] == {
            "index": number,
            "label": served.predict(text, model="gru").json()["label"],
            "probs": pytest.approx(probabilities(served, text, "gru"), abs=1e-5),
            "num_classes": 2,
        }
    assert len(post(served, "/classify", {"input": "alone"})["data"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/invocations", {"inputs": TEXTS}),
        ("/invocations", {"instances": TEXTS}),
        ("/v1/models/lstm:predict", {"instances": TEXTS}),
        (
            "/v1/models/lstm:predict",
            {"instances": [{"text": text} for text in TEXTS], "signature_name": "serving_default"},
        ),
        ("/invocations", {"dataframe_records": [{"text": text} for text in TEXTS]}),
        ("/invocations", {"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}}),
    ],
    ids=lambda given: given if isinstance(given, str) else next(iter(given)),
)
def test_mlflow(served: Running, path: str, body: Any) -> None:
    predictions = post(served, path, body)["predictions"]
    assert [each["label"] for each in predictions] == [served.predict(text).json()["label"] for text in TEXTS]
    for each, text in zip(predictions, TEXTS, strict=True):
        assert each["probabilities"] == pytest.approx(probabilities(served, text), abs=1e-5)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", {"inputs": ["a", "pair"]}, 400),
        ("/predict", {"inputs": "a", "raw_scores": True}, 400),
        ("/classify", {"input": "a", "model": "none"}, 404),
        ("/classify", {"input": "a", "surprise": 1}, 400),
        ("/invocations", {"dataframe_split": {"columns": ["review"], "data": [["a"]]}}, 400),
        ("/invocations", {"inputs": ["a"], "instances": ["a"]}, 400),
        ("/invocations", {"inputs": ["a", " "]}, 422),
        ("/invocations", {"inputs": ["a"] * 1_001}, 413),
        ("/v1/models/none:predict", {"instances": ["a"]}, 404),
        ("/v1/models/lstm:predict", {"instances": [[1.0]]}, 400),
        ("/v1/models/lstm", {"instances": ["a"]}, 405),
    ],
)
def test_what_has_no_meaning_here_is_refused(served: Running, path: str, body: Any, status: int) -> None:
    detail = post(served, path, body, status)["detail"]
    assert detail and (status != 422 or detail.startswith("text 1: "))


@pytest.mark.parametrize("content", [b"", b"[", b'{"instances": ["good"]}'])
def test_a_post_to_the_card_of_a_model_is_not_allowed_whatever_its_body(served: Running, content: bytes) -> None:
    answer = served.client.post("/v1/models/lstm", content=content)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, OPTIONS")
