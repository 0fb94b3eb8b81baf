"""`verify` passes what is right, and names what is wrong with each planted fault."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export.publish.package import package
from export.publish.verify import Check, VerificationFailed, verify
from models.bundle.files import MANIFEST, STEP, WEIGHTS, WORDS, InvalidBundle, describe
from models.bundle.repository import model_names, versions
from models.network.equations import CELLS, POOLINGS
from tests.bundles import about, random_weights, vocabulary, write_bundle


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_right_bundle_passes(tmp_path: Path, cell, pooling, layers) -> None:
    folder = write_bundle(tmp_path, "model", random_weights(cell, pooling, layers=layers))
    assert folder == tmp_path / "model" / "1"


def test_more_than_two_labels(tmp_path: Path) -> None:
    labels = ("1", "2", "3", "4", "5")
    assert write_bundle(tmp_path, "stars", random_weights("gru", classes=5), labels).is_dir()


def failed(folder: Path, network=None) -> dict[str, Check]:
    return {check.name: check for check in verify(folder, network) if not check.passed}


def replant(folder: Path, change: Callable[[onnx.ModelProto], None]) -> None:
    """Change the graph and make the hashes fit again, as a faulty exporter would."""
    model = onnx.load(str(folder / STEP))
    change(model)
    (folder / STEP).write_bytes(model.SerializeToString())
    rehash(folder)


def rehash(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    names = manifest["files"]
    files = describe({name: (folder / name).read_bytes() for name in names})
    manifest["files"] = {name: file.model_dump() for name, file in files.items()}
    (folder / MANIFEST).write_text(json.dumps(manifest))


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
def test_a_planted_fault_is_found_by_the_numbers(tmp_path: Path, cell, fault) -> None:
    folder = write_bundle(tmp_path, "model", random_weights(cell))
    replant(folder, fault)
    assert {"PyTorch", "NumPy oracle"} <= failed(folder).keys()


def test_mask_and_padding_faults_show_as_dependence_on_padding(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, "model", random_weights("lstm"))
    replant(folder, leave_mask_out_of_max)
    assert {"more padding", "alone = in a batch"} <= failed(folder).keys()


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
def test_a_spoilt_file_is_refused_by_name(tmp_path: Path, name, spoil) -> None:
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
