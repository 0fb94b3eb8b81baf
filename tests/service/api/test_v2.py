import json
import struct
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.conftest import Running

TEXTS = ["a good film", "dull"]


def infer(served: Running, where: str = "lstm", **fields: Any) -> httpx.Response:
    tensor = {"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}
    return served.client.post(f"/v2/models/{where}/infer", json={"inputs": [tensor]} | fields)


def error(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    return str(response.json()["error"])


@pytest.mark.parametrize("where", ["lstm", "lstm/versions/1"])
def test_outputs_are_those_of_predict(served: Running, where: str) -> None:
    answer = infer(served, where, id="7").json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("lstm", "1", "7")
    outputs = {output["name"]: output for output in answer["outputs"]}
    alone = [served.predict(text).json() for text in TEXTS]
    assert outputs["label"] == {"name": "label", "datatype": "BYTES", "shape": [2], "data": [a["label"] for a in alone]}
    assert outputs["words"]["data"] == [3, 1]
    assert outputs["truncated"]["data"] == [False, False]
    assert outputs["unknown_rate"]["data"] == [a["unknown_rate"] for a in alone]
    assert outputs["probabilities"]["shape"] == [2, 2]
    expected = [p for answer in alone for p in answer["probabilities"].values()]
    np.testing.assert_allclose(outputs["probabilities"]["data"], expected, atol=1e-5)


def test_only_the_outputs_asked_for_are_sent(served: Running) -> None:
    answer = infer(served, outputs=[{"name": "label"}]).json()
    assert [output["name"] for output in answer["outputs"]] == ["label"]


def test_a_column_of_texts_is_read_too(served: Running) -> None:
    column = {"name": "text", "shape": [2, 1], "datatype": "BYTES", "data": [[text] for text in TEXTS]}
    assert infer(served, inputs=[column]).json() == infer(served).json()


def test_binary_tensors_in_and_out(served: Running) -> None:
    data = b"".join(struct.pack("<I", len(text)) + text.encode() for text in TEXTS)
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    response = served.client.post("/v2/models/lstm/infer", content=head + data, headers=length)
    end = int(response.headers["inference-header-content-length"])
    outputs, place = {}, end
    for output in json.loads(response.content[:end])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        outputs[output["name"]] = response.content[place : place + size]
        place += size
    assert place == len(response.content)
    expected = {output["name"]: output["data"] for output in infer(served).json()["outputs"]}
    np.testing.assert_allclose(np.frombuffer(outputs["probabilities"], "<f4"), expected["probabilities"], atol=1e-5)
    assert np.frombuffer(outputs["words"], "<i8").tolist() == expected["words"]
    assert np.frombuffer(outputs["truncated"], "?").tolist() == expected["truncated"]
    assert outputs["label"] == b"".join(struct.pack("<I", len(label)) + label.encode() for label in expected["label"])


def test_metadata_names_the_tensors(served: Running) -> None:
    answer = served.client.get("/v2/models/gru").json()
    assert (answer["name"], answer["versions"], answer["platform"]) == ("gru", ["1"], "onnx_onnxv1")
    assert answer["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]} in answer["outputs"]
    assert served.client.get("/v2/models/gru/versions/1/ready").json() == {"name": "gru", "ready": True}
    assert set(served.client.get("/v2").json()) == {"name", "version", "extensions"}
    assert served.client.get("/v2/health/live").is_success
    assert served.client.get("/v2/health/ready").is_success


@pytest.mark.parametrize(
    "change",
    [
        {"name": "texts"},
        {"datatype": "FP32"},
        {"shape": [3]},
        {"shape": [1, 2]},
        {"shape": [2, 1, 1]},
        {"shape": [-2]},
        {"data": [1, 2]},
        {"data": [["a", "b"]]},
        {"data": None},
        {"parameters": {"binary_data_size": 3}},
        {"shape": [0], "data": []},
    ],
)
def test_a_wrong_tensor_is_400(served: Running, change: dict[str, Any]) -> None:
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": TEXTS} | change
    assert "inputs" in error(infer(served, inputs=[tensor]))


def test_wrong_outputs_models_and_texts(served: Running) -> None:
    assert "label" in error(infer(served, outputs=[{"name": "gates"}]))
    assert "lstm version 1" in error(infer(served, "none"), 404)
    assert error(infer(served, "lstm/versions/x"), 404)
    assert error(infer(served, inputs=[{"name": "text", "shape": [1], "datatype": "BYTES", "data": [" "]}]), 422)
    assert error(served.client.get("/v2/nothing"), 404)


def test_the_text_that_can_not_be_read_is_named(served: Running) -> None:
    column = {"name": "text", "shape": [3], "datatype": "BYTES", "data": ["fine", " ", "<br />"]}
    assert error(infer(served, inputs=[column]), 422).startswith("inputs.0.data.1: the text is empty")


def test_logits_and_the_last_hidden_state_are_sent_where_they_are_asked_for(served: Running) -> None:
    assert not {"logits", "hidden"} & {output["name"] for output in infer(served).json()["outputs"]}
    asked = [{"name": name} for name in ("logits", "hidden", "probabilities")]
    logits, hidden, probabilities = infer(served, outputs=asked).json()["outputs"]
    assert (logits["datatype"], logits["shape"], hidden["shape"]) == ("FP32", [2, 2], [2, 10])
    exponents = np.exp(np.reshape(logits["data"], (2, 2)))
    expected = exponents / exponents.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.reshape(probabilities["data"], (2, 2)), expected, atol=1e-5)
    tensors = {"include": ["tensors"], "tensors": {"names": ["hidden"], "units": "all"}}
    for row, text in enumerate(TEXTS):
        trace = served.client.post("/v1/trace", json={"text": text, "model": "lstm"} | tensors).json()
        last = trace["tensors"]["values"]["hidden"][-1][-1]
        np.testing.assert_allclose(hidden["data"][10 * row : 10 * row + 10], last, atol=1e-5)


def test_a_classification_has_the_highest_first(served: Running) -> None:
    asked = [{"name": "probabilities", "parameters": {"classification": 5}}, {"name": "label"}]
    ranked, label = infer(served, outputs=asked).json()["outputs"]
    assert (ranked["datatype"], ranked["shape"]) == ("BYTES", [2, 2])
    for row in range(2):
        first, second = (entry.split(":") for entry in ranked["data"][2 * row : 2 * row + 2])
        assert first[2] == label["data"][row]
        assert float(first[0]) > float(second[0]) and {first[1], second[1]} == {"0", "1"}
    (one,) = infer(served, outputs=[{"name": "logits", "parameters": {"classification": 1}}]).json()["outputs"]
    assert one["shape"] == [2, 1]


def test_a_timeout_in_microseconds_shortens_the_deadline(served: Running) -> None:
    assert infer(served, parameters={"timeout": 30_000_000, "priority": 0}).is_success
    assert infer(served, parameters={"timeout": 0}).is_success
    error(infer(served, parameters={"timeout": 1}), 504)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": {"priority": 1}}, "parameters.priority"),
        ({"parameters": {"timeout": -1}}, "parameters.timeout"),
        ({"parameters": {"timeout": True}}, "parameters.timeout"),
        ({"parameters": {"sequence_id": 7, "sequence_start": True}}, "inputs.0.shape"),
        ({"parameters": {"sequence_id": -1}}, "parameters.sequence_id"),
        ({"parameters": {"sequence_start": True}}, "parameters.sequence_id"),
        ({"parameters": {"sequence_id": 7, "sequence_end": 1}}, "parameters.sequence_end"),
        ({"parameters": {"correlation": 7}}, "parameters.correlation"),
        ({"parameters": {"nested": {}}}, "nested"),
        ({"parameters": {"content_type": "np"}}, "parameters.content_type"),
        ({"outputs": [{"name": "label", "parameters": {"shared_memory_region": "a"}}]}, "shared_memory_region"),
        ({"outputs": [{"name": "label", "parameters": {"classification": 1}}]}, "classification"),
        ({"outputs": [{"name": "probabilities", "parameters": {"classification": 0}}]}, "classification"),
        ({"outputs": [{"name": "label"}, {"name": "label"}]}, "outputs.1: label is asked for twice"),
    ],
)
def test_what_is_not_done_is_refused_and_never_ignored(served: Running, change: dict[str, Any], said: str) -> None:
    assert said in error(infer(served, **change))


def part(served: Running, text: str, where: str = "lstm", outputs: Any = None, **parameters: Any) -> httpx.Response:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    fields = {"inputs": [tensor], "parameters": {"sequence_id": 7} | parameters}
    return infer(served, where, **fields, **({"outputs": outputs} if outputs else {}))


def probabilities(response: httpx.Response) -> list[float]:
    assert response.status_code == 200, response.text
    return next(output["data"] for output in response.json()["outputs"] if output["name"] == "probabilities")


def test_a_sequence_goes_on_where_its_last_request_left_it(served: Running) -> None:
    parts = ["An amazing plot, but it's", " much too l", "ong."]
    flags: list[dict[str, Any]] = [{"sequence_start": True}, {}, {"sequence_end": True}]
    for number, (text, flag) in enumerate(zip(parts, flags, strict=True), 1):
        other = part(served, "dull", sequence_id="other", sequence_start=True)
        assert other.is_success
        whole = served.predict("".join(parts[:number])).json()
        assert probabilities(part(served, text, **flag)) == pytest.approx([*whole["probabilities"].values()], abs=1e-5)
    assert "sequence_start" in error(part(served, "more"))


def test_what_fails_leaves_a_sequence_as_it_was(served: Running) -> None:
    assert part(served, "a good ", sequence_start=True).is_success
    error(part(served, " x" * 1_000_000), 413)
    error(part(served, "film", outputs=[{"name": "hidden"}]))
    error(part(served, "film", timeout=1), 504)
    whole = [*served.predict("a good film").json()["probabilities"].values()]
    assert probabilities(part(served, "film", sequence_end=True)) == pytest.approx(whole, abs=1e-5)
    error(part(served, " ", sequence_start=True), 422)
    error(part(served, "film"))


def test_sequences_of_two_models_are_two(served: Running) -> None:
    assert part(served, "a good ", sequence_start=True).is_success
    error(part(served, "film", "gru"))


def test_the_ledger_adds_up_to_the_logits(served: Running) -> None:
    for model in ("rnn", "gru"):
        asked = [{"name": "ledger"}, {"name": "logits"}, {"name": "words"}]
        ledger, logits, words = infer(served, model, outputs=asked).json()["outputs"]
        assert (ledger["datatype"], ledger["shape"]) == ("BYTES", [2])
        for row, text in enumerate(TEXTS):
            said = json.loads(ledger["data"][row])
            assert (said["first"], said["second"]) == ("b", "a") or {said["first"], said["second"]} == set(
                served.predict(text).json()["probabilities"]
            )
            first, second = logits["data"][2 * row + 1], logits["data"][2 * row]
            assert sum(word["share"] for word in said["words"]) + said["bias"] == pytest.approx(
                first - second, abs=1e-4
            )
            assert [text[word["start"] : word["end"]] for word in said["words"]] == text.split()
            assert len(said["words"]) == words["data"][row]


def test_the_configuration_has_the_tensors_of_the_metadata(served: Running) -> None:
    found = served.client.get("/v2/models/lstm/config").json()
    tensors = served.client.get("/v2/models/lstm/versions/1").json()
    assert (found["name"], found["max_batch_size"]) == ("lstm", 1000)
    assert found["input"] == [{"name": "text", "data_type": "TYPE_STRING", "dims": [1]}]
    assert [tensor["name"] for tensor in found["output"]] == [tensor["name"] for tensor in tensors["outputs"]]
    assert {"name": "hidden", "data_type": "TYPE_FP32", "dims": [10]} in found["output"]
    error(served.client.get("/v2/models/none/config"), 404)


def statistics(served: Running, where: str) -> list[dict[str, Any]]:
    return served.client.get(f"/v2/models/{where}").json()["model_stats"]


def test_statistics_are_those_of_the_metrics(served: Running) -> None:
    (before,) = statistics(served, "gru/versions/1/stats")
    assert infer(served, "gru").is_success
    error(part(served, " ", "gru", sequence_id=0), 422)
    (after,) = statistics(served, "gru/stats")
    assert after["inference_count"] == before["inference_count"] + 2
    assert after["execution_count"] > before["execution_count"]
    assert after["last_inference"] > 1.7e12 and after["last_inference"] >= before["last_inference"]
    for phase in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        assert after["inference_stats"][phase]["count"] == before["inference_stats"][phase]["count"] + 2
        assert after["inference_stats"][phase]["ns"] > before["inference_stats"][phase]["ns"]
    assert after["inference_stats"]["fail"]["count"] == before["inference_stats"]["fail"]["count"] + 1
    assert [each["name"] for each in statistics(served, "stats")] == ["gru", "lstm", "rnn"]
    error(served.client.get("/v2/models/gru/versions/9/stats"), 404)


def test_settings_of_traces_and_logs_are_told_and_can_not_be_set(served: Running) -> None:
    traces = served.client.get("/v2/trace/setting").json()
    assert traces["trace_level"] == ["OFF"] and served.client.get("/v2/models/gru/trace/setting").json() == traces
    logs = served.client.get("/v2/logging").json()
    assert (logs["log_info"], logs["log_verbose_level"]) == (True, 0)
    error(served.client.post("/v2/logging", json=logs), 405)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tail=st.binary(max_size=40),
    size=st.integers(-1, 50),
    length=st.one_of(st.none(), st.integers(-300, 300)),
    n=st.integers(0, 3),
)
def test_any_binary_tensor_is_read_or_refused(
    served: Running, tail: bytes, size: int, length: int | None, n: int
) -> None:
    tensor = {"name": "text", "shape": [n], "datatype": "BYTES", "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [tensor]}).encode()
    header = {"Inference-Header-Content-Length": str(len(head) if length is None else length)}
    response = served.client.post("/v2/models/lstm/infer", content=head + tail, headers=header)
    assert response.status_code in (200, 400, 422)
