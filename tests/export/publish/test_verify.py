"""`verify` passes what is right, and names what is wrong with each planted fault."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load, save

from export.publish.agreement import WAYS, Answers, Check, compare
from export.publish.package import package
from export.publish.verify import Network, VerificationFailed, verify
from models.bundle.files import MANIFEST, STEP, WEIGHTS, WORDS, InvalidBundle
from models.bundle.repository import model_names, versions
from models.network import recurrence
from models.network.compiled_session import CompiledSession, compiled_sessions
from models.network.equations import CELLS, Cell
from models.network.pooling import POOLINGS, Pooling
from models.network.session import Chunk
from tests.bundles import about, random_weights, rehash, vocabulary, write_bundle


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_right_bundle_passes(tmp_path: Path, cell: Cell, pooling: Pooling, layers: int) -> None:
    folder = write_bundle(tmp_path, "model", random_weights(cell, pooling, layers=layers))
    assert folder == tmp_path / "model" / "1"


def test_more_than_two_labels(tmp_path: Path) -> None:
    labels = ("1", "2", "3", "4", "5")
    assert write_bundle(tmp_path, "stars", random_weights("gru", classes=5), labels).is_dir()


def failed(folder: Path, network: Network | None = None) -> dict[str, Check]:
    return {check.name: check for check in verify(folder, network) if not check.passed}


def replant(folder: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    """Change the graph and make the hashes fit again, as a faulty exporter would."""
    model = onnx.load(str(folder / STEP))
    change(model)
    (folder / STEP).write_bytes(model.SerializeToString())
    rehash(folder)


def initializer(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def node(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def swap_first_two_gates(model: onnx.ModelProto) -> None:
    for name in ("W_l0", "R_l0", "B_l0"):
        tensor = initializer(model, name)
        blocks = np.split(numpy_helper.to_array(tensor), len(numpy_helper.to_array(tensor)[0]) // 10, axis=1)
        blocks[0], blocks[1] = blocks[1], blocks[0]
        tensor.CopyFrom(numpy_helper.from_array(np.concatenate(blocks, axis=1), name))


def drop_a_bias(model: onnx.ModelProto) -> None:
    tensor = initializer(model, "B_l0")
    bias = numpy_helper.to_array(tensor).copy()
    bias[:, bias.shape[1] // 2 :] = 0
    tensor.CopyFrom(numpy_helper.from_array(bias, "B_l0"))


def flip_linear_before_reset(model: onnx.ModelProto) -> None:
    for attribute in node(model, "gru_l0").attribute:
        if attribute.name == "linear_before_reset":
            attribute.i = 0


def leave_mask_out_of_max(model: onnx.ModelProto) -> None:
    node(model, "chunk_max").input[0] = "over_time_hidden_0"


def divide_mean_by_padded_length(model: onnx.ModelProto) -> None:
    padded = onnx.helper.make_node("Expand", ["T_of_chunk", "shape_of_lengths"], ["padded_64"])
    shape = onnx.helper.make_node("Shape", ["lengths"], ["shape_of_lengths"])
    place = list(model.graph.node).index(node(model, "next_steps"))
    node(model, "next_steps").input[0] = "padded_64"
    model.graph.node.insert(place, padded)
    model.graph.node.insert(place, shape)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("lstm", swap_first_two_gates),
        ("gru", swap_first_two_gates),
        ("rnn", drop_a_bias),
        ("lstm", drop_a_bias),
        ("gru", drop_a_bias),
        ("gru", flip_linear_before_reset),
        ("rnn", leave_mask_out_of_max),
        ("lstm", leave_mask_out_of_max),
        ("lstm", divide_mean_by_padded_length),
        ("gru", divide_mean_by_padded_length),
    ],
)
def test_a_planted_fault_is_found_by_the_numbers(
    tmp_path: Path, cell: Cell, fault: Callable[[onnx.ModelProto], None]
) -> None:
    folder = write_bundle(tmp_path, "model", random_weights(cell))
    replant(folder, fault)
    assert {"PyTorch", "NumPy equations"} <= failed(folder).keys()


def test_mask_and_padding_faults_show_as_dependence_on_padding(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("lstm"))
    replant(folder, leave_mask_out_of_max)
    assert {"ONNX Runtime, more padding", "ONNX Runtime, alone"} <= failed(folder).keys()


def test_a_network_that_is_not_the_one_exported_is_found(tmp_path: Path) -> None:
    from models.network.torch_network import Classifier

    folder = write_bundle(tmp_path, "model", random_weights("lstm", seed=1))
    other = Classifier.from_weights(random_weights("lstm", seed=2))
    assert failed(folder, other.logits).keys() == {"PyTorch"}


def test_weights_that_are_not_the_graphs_are_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "a", "model", random_weights("gru", seed=1))
    other = write_bundle(tmp_path / "b", "model", random_weights("gru", seed=2))
    (folder / WEIGHTS).write_bytes((other / WEIGHTS).read_bytes())
    rehash(folder)
    assert "same weights" in failed(folder)


def test_operators_outside_the_standard_domain_are_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("gru"))
    replant(folder, lambda model: setattr(model, "ir_version", 11))
    check = next(check for check in verify(folder) if check.name == "graph format")
    assert not check.passed
    assert "IR version 11" in check.detail


def test_golden_answers_that_changed_are_found(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("rnn"))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["golden"][0]["logits"][0] += 0.01
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert failed(folder).keys() == {"golden vectors"}


@pytest.mark.parametrize("name", [STEP, WEIGHTS, WORDS])
@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data[:-1] + bytes([data[-1] ^ 1])])
def test_a_spoilt_file_is_refused_by_name(tmp_path: Path, name: str, spoil: Callable[[bytes], bytes]) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("rnn"))
    (folder / name).write_bytes(spoil((folder / name).read_bytes()))
    with pytest.raises(InvalidBundle, match=name):
        list(verify(folder))


def test_nothing_is_left_of_a_bundle_that_fails(tmp_path: Path) -> None:
    from models.network.torch_network import Classifier

    known = vocabulary()
    other = Classifier.from_weights(random_weights("lstm", seed=2))
    with pytest.raises(VerificationFailed, match="PyTorch"):
        package(tmp_path, "model", random_weights("lstm"), known, about(known), network=other.logits)
    assert model_names(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_versions_count_up_and_are_never_replaced(tmp_path: Path) -> None:
    first = write_bundle(tmp_path, "model", random_weights("rnn", seed=1))
    before = (first / MANIFEST).read_bytes()
    write_bundle(tmp_path, "model", random_weights("rnn", seed=2))
    assert versions(tmp_path, "model") == [1, 2]
    assert (first / MANIFEST).read_bytes() == before


def replace_tensor(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Change a tensor in the weights and in the graph alike."""
    tensors = load((folder / WEIGHTS).read_bytes())
    tensors[name] = change(tensors[name])
    (folder / WEIGHTS).write_bytes(save(tensors))
    replant(folder, lambda model: initializer(model, name).CopyFrom(numpy_helper.from_array(tensors[name], name)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("lstm"))
    replace_tensor(folder, "embedding.weight", lambda vectors: np.where(np.arange(12) == 3, value, vectors))
    with pytest.raises(InvalidBundle, match=r"embedding\.weight holds NaN or infinity"):
        list(verify(folder))


@pytest.mark.parametrize("cell", CELLS)
def test_answers_that_overflow_are_found_in_every_implementation(tmp_path: Path, cell: Cell) -> None:
    folder = write_bundle(tmp_path, "model", random_weights(cell))
    replace_tensor(folder, "head.weight", lambda weight: np.full_like(weight, 3e38))
    wrong = {name for name, check in failed(folder).items() if check.detail == "NaN or infinity among the answers"}
    assert {"PyTorch", "NumPy equations", "ONNX Runtime, whole batches"} <= wrong
    answers = {f"compiled loops, {width} floats a vector, {way}" for width in recurrence.widths() for way in WAYS}
    assert answers <= wrong


def compiled_checks(folder: Path) -> set[str]:
    return {check.name for check in verify(folder) if check.name.startswith("compiled loops")}


def test_the_compiled_loops_are_compared_at_every_width(tmp_path: Path) -> None:
    names = compiled_checks(write_bundle(tmp_path, "model", random_weights("gru")))
    for width in recurrence.widths():
        assert {f"compiled loops, {width} floats a vector, {way}" for way in WAYS} <= names


def test_loops_that_compute_something_else_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("lstm", seed=1))
    other = random_weights("lstm", seed=2)
    monkeypatch.setattr("export.publish.verify.compiled_sessions", lambda _: compiled_sessions(other))
    assert failed(folder).keys() == compiled_checks(folder)


def test_gates_that_are_kept_wrong_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = CompiledSession.run

    def changed(session: CompiledSession, *args: Any, **kwargs: Any) -> Chunk:
        chunk = run(session, *args, **kwargs)
        for values in chunk.values:
            values[1] += 1e-3
        return chunk

    folder = write_bundle(tmp_path, "model", random_weights("lstm"))
    monkeypatch.setattr(CompiledSession, "run", changed)
    assert failed(folder).keys() == {name for name in compiled_checks(folder) if name.endswith("kept gates")}


def test_loops_that_were_not_built_are_said_not_to_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("rnn"))
    monkeypatch.setattr("export.publish.verify.IMPORT_ERROR", "no compiler")
    monkeypatch.setattr("models.network.compiled_session.IMPORT_ERROR", "no compiler")
    (check,) = [check for check in verify(folder) if "compiled" in check.name]
    assert check.passed
    assert check.detail == "not compared, and not served here: no compiler"


def test_two_nans_do_not_agree() -> None:
    row = np.array([[np.nan, 0.0]])
    assert not compare("both", [Chunk(row, row, (), ())], [Answers(row)]).passed
