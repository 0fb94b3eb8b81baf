"""Every kind of damage to a bundle, and every lie in it, is refused at once: the file, what is wrong, what to do."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load, save

from models.bundle.files import MANIFEST, STEP, WEIGHTS, WORDS, InvalidBundle, read
from models.text.pattern import PATTERN_2
from tests.bundles import change_manifest, random_weights, rehash

Damage = Callable[[Path], object]
HUGE = 10**12


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(repository / "lstm" / "1", tmp_path / "lstm" / "1"))


def said(**values: object) -> Damage:
    """The manifest says something else."""
    return lambda folder: change_manifest(folder, **values)


def within(part: str, **values: object) -> Damage:
    """The manifest says something else in one of its parts."""

    def damage(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        change_manifest(folder, **{part: manifest[part] | values})

    return damage


def written(name: str, content: bytes) -> Damage:
    """A file holds something else, and the manifest lists it as it is."""

    def damage(folder: Path) -> None:
        (folder / name).write_bytes(content)
        if name != MANIFEST:
            rehash(folder)

    return damage


def spoilt(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """A file's bytes were damaged after they were written."""
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def flipped(data: bytes) -> bytes:
    """One bit is another."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :]


def tensors(**values: Any) -> Damage:
    """A tensor holds something else, or is gone, in a file that the manifest lists as it is."""

    def damage(folder: Path) -> None:
        named = {name.replace("__", "."): value for name, value in values.items()}
        found = load((folder / WEIGHTS).read_bytes()) | named
        (folder / WEIGHTS).write_bytes(save({name: array for name, array in found.items() if array is not None}))
        rehash(folder)

    return damage


def not_finite(name: str, value: float) -> Damage:
    """One number of a tensor is not finite."""

    def damage(folder: Path) -> None:
        changed = load((folder / WEIGHTS).read_bytes())[name].copy()
        changed.flat[-1] = value
        tensors(**{name: changed})(folder)

    return damage


def safetensors(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file by hand."""
    return (len(header) if length is None else length).to_bytes(8, "little") + header + data


def one_tensor(dtype: str, shape: list[int], end: int) -> bytes:
    """A safetensors file of one tensor in eight bytes."""
    return safetensors(
        json.dumps({"head.bias": {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}}).encode(), bytes(8)
    )


def words(*known: object) -> bytes:
    """A vocabulary."""
    return json.dumps({"pattern": PATTERN_2.key, "words": ["<pad>", "<unk>", *known]}).encode()


def graph(change: Callable[[onnx.ModelProto], object]) -> Damage:
    """The step graph is another, and the manifest lists it as it is."""

    def damage(folder: Path) -> None:
        model = onnx.load(str(folder / STEP))
        change(model)
        written(STEP, model.SerializeToString())(folder)

    return damage


def looping(model: onnx.ModelProto) -> None:
    """Loop for ever before anything else."""
    condition = helper.make_tensor_value_info("on", TensorProto.BOOL, [])
    number = helper.make_tensor_value_info("number", TensorProto.INT64, [])
    going_on = helper.make_tensor_value_info("going_on", TensorProto.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["going_on"])], "body", [number, condition], [going_on]
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))
    model.graph.node.insert(0, helper.make_node("Loop", ["", "true"], [], body=body))


def external(location: str) -> Callable[[onnx.ModelProto], None]:
    """Have a tensor's data in another file."""

    def change(model: onnx.ModelProto) -> None:
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "embedding.weight")
        onnx.external_data_helper.set_external_data(tensor, location)
        tensor.ClearField("raw_data")

    return change


def in_place_of(name: str, put: Callable[[Path], object]) -> Damage:
    """Something else than a file stands there."""

    def damage(folder: Path) -> None:
        (folder / name).unlink()
        put(folder / name)

    return damage


def bind(path: Path) -> None:
    """Put a socket there."""
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def as_another(path: Path) -> None:
    """Link to the same content outside of the folder."""
    outside = path.parent.parent.parent / "outside"
    outside.write_bytes(words())
    path.symlink_to(outside)


def large(path: Path) -> None:
    """Be larger than any disk, and empty."""
    with path.open("wb") as file:
        file.truncate(HUGE)


def listed(path: str) -> Damage:
    """The manifest lists one more file."""

    def damage(folder: Path) -> None:
        files = json.loads((folder / MANIFEST).read_text())["files"]
        change_manifest(folder, files={**files, path: files[WORDS]})

    return damage


def histogram(edges: list[Any], counts: list[Any]) -> dict[str, Any]:
    return {"edges": edges, "counts": counts}


NO_HISTOGRAMS = {
    "no bin": histogram([0], []),
    "nothing": histogram([], []),
    "no count": histogram([0, 1], [0]),
    "a negative count": histogram([0, 1, 2], [3, -1]),
    "a count beyond all": histogram([0, 1], [10**400]),
    "falling edges": histogram([0, 2, 1], [1, 1]),
    "a bin of no width": histogram([0, 0], [1]),
    "an endless bin": histogram([0, "inf"], [1]),
    "a missing edge": histogram([0, 1], [1, 1]),
}
FILES = (STEP, WEIGHTS, WORDS, MANIFEST)
KINDS: dict[str, tuple[str, str, Damage]] = {
    **{f"{name} is empty": (name, ".", written(name, b"")) for name in FILES},
    **{f"{name} ends too early": (name, ".", spoilt(name, lambda data: data[:-1])) for name in FILES},
    **{f"{name} goes on": (name, ".", spoilt(name, lambda data: data + b"\0")) for name in FILES},
    **{f"a bit of {name} is another": (name, "sha256", spoilt(name, flipped)) for name in (STEP, WEIGHTS, WORDS)},
    **{f"{name} is gone": (name, "No such file", in_place_of(name, lambda path: None)) for name in FILES},
    **{f"{name} is a pipe": (name, "not a regular file", in_place_of(name, os.mkfifo)) for name in FILES},
    **{f"{name} is a folder": (name, "not a regular file", in_place_of(name, Path.mkdir)) for name in FILES},
    **{f"{name} is a socket": (name, "not a regular file", in_place_of(name, bind)) for name in FILES},
    **{
        f"{name} leads to a device": (name, "outside", in_place_of(name, lambda path: path.symlink_to("/dev/zero")))
        for name in FILES
    },
    **{f"{name} leads elsewhere": (name, "outside", in_place_of(name, as_another)) for name in FILES},
    **{
        f"{name} leads to itself": (name, "symbolic links", in_place_of(name, lambda path: path.symlink_to(path)))
        for name in FILES
    },
    **{f"{name} is huge": (name, "at most", in_place_of(name, large)) for name in FILES},
    **{
        f"the manifest lists {path[:9]!r}": (MANIFEST, "leaves the bundle's folder", listed(path))
        for path in ("../x", "/etc/passwd", "a/../../x", "a\\b", "", ".", "a//b", "a/", "a\0b", "x" * 300 + "/\n")
    },
    **{
        f"the manifest is {content[:9]!r}": (MANIFEST, ".", written(MANIFEST, content))
        for content in (b"{", b"[]", b"null", b"7", b"\xff", b"[" * 10**6, b'{"a":' * 10**5)
    },
    **{
        f"{feature}: {kind}": (MANIFEST, f"reference.{feature}", within("reference", **{feature: content}))
        for feature in ("words", "unknown_rate", "confidence")
        for kind, content in NO_HISTOGRAMS.items()
    },
    "a label is counted below nothing": (MANIFEST, "labels", within("reference", labels={"rotten": -1, "fresh": 1})),
    "labels are counted that are none": (MANIFEST, "labels", within("reference", labels={"x": 1, "fresh": 1})),
    "it is of a later schema": (MANIFEST, "schema version 2, this Gatescope reads 1", said(schema_version=2)),
    "a field too many": (MANIFEST, "surprise", said(surprise=1)),
    "a field too few": (MANIFEST, "Field required", written(MANIFEST, b'{"schema_version": 1}')),
    "another cell": (MANIFEST, "states", said(cell="gru")),
    "another hidden size": (MANIFEST, "states", said(hidden_size=11)),
    "another vector size": (WEIGHTS, "has sizes", said(embedding_size=13)),
    "another number of weights": (WEIGHTS, "has sizes", said(parameters=HUGE)),
    "a huge vocabulary": (WORDS, "the manifest says", said(vocabulary_size=HUGE)),
    "a vocabulary smaller than an id": (MANIFEST, "golden", said(vocabulary_size=9)),
    "many layers": (MANIFEST, "layers", said(layers=10_000_000)),
    "no layer": (MANIFEST, "layers", said(layers=0)),
    "a label twice": (MANIFEST, "label stands twice", said(labels=["a", "a"])),
    "one label": (MANIFEST, "labels", said(labels=["a"])),
    "three labels": (MANIFEST, "labels", said(labels=["rotten", "fresh", "none"])),
    "a temperature of zero": (MANIFEST, "temperature", said(temperature=0)),
    "an endless temperature": (MANIFEST, "temperature", said(temperature=float("inf"))),
    "a temperature that is no number": (MANIFEST, "temperature", said(temperature=float("nan"))),
    "other special ids": (MANIFEST, "special_ids", said(special_ids={"pad": 1, "unk": 0})),
    "a name that is a path": (MANIFEST, "name", said(name="../x")),
    "no golden vector": (MANIFEST, "golden", said(golden=[])),
    "a golden vector longer than texts are": (
        MANIFEST,
        "golden",
        said(golden=[{"text": "a", "ids": [2] * 10**5, "logits": [0, 0]}]),
    ),
    "a file of no size": (MANIFEST, "bytes", said(files={STEP: {"sha256": "0" * 64, "bytes": -1}})),
    "a file of any size": (MANIFEST, "bytes", said(files={STEP: {"sha256": "0" * 64, "bytes": HUGE}})),
    "no graph is listed": (MANIFEST, "lacks", said(files={})),
    **{
        f"{value} in {name}": (WEIGHTS, f"{name} holds NaN or infinity", not_finite(name, value))
        for value in (np.nan, np.inf, -np.inf)
        for name in (*random_weights("lstm").tensors(),)
    },
    "a tensor is missing": (WEIGHTS, "lack 'head.bias'", tensors(head__bias=None)),
    "a tensor too many": (WEIGHTS, "'x'", tensors(x=np.zeros(3, np.float32))),
    "a tensor of doubles": (WEIGHTS, "float64 where float32", tensors(head__bias=np.zeros(2))),
    "a tensor of halves": (WEIGHTS, "float16 where float32", tensors(head__bias=np.zeros(2, np.float16))),
    "a tensor without axes": (WEIGHTS, "axes", tensors(head__bias=np.array(1, np.float32))),
    "recurrent weights of one axis": (WEIGHTS, "axes", tensors(rnn__weight_hh_l0=np.zeros(400, np.float32))),
    "vectors of three axes": (WEIGHTS, "axes", tensors(embedding__weight=np.zeros((5, 4, 3), np.float32))),
    "a layer that is not wide enough": (WEIGHTS, "shape", tensors(rnn__weight_ih_l0=np.zeros((40, 5), np.float32))),
    "no units": (WEIGHTS, "shape", tensors(rnn__weight_hh_l0=np.zeros((0, 0), np.float32))),
    "weights without a header": (WEIGHTS, "not a safetensors", written(WEIGHTS, b"1234567")),
    "a header longer than all": (WEIGHTS, "not a safetensors", written(WEIGHTS, safetensors(b"{}", length=2**62))),
    "a header that is a list": (WEIGHTS, "not a safetensors", written(WEIGHTS, safetensors(b"[]"))),
    "a header without end": (WEIGHTS, "not a safetensors", written(WEIGHTS, safetensors(b"[" * 10**6))),
    "a tensor of any size": (WEIGHTS, "safetensors", written(WEIGHTS, one_tensor("F32", [2**40, 2**40], 8))),
    "a tensor of no size": (WEIGHTS, "safetensors", written(WEIGHTS, one_tensor("F32", [-2], 8))),
    "a tensor past the end": (WEIGHTS, "safetensors", written(WEIGHTS, one_tensor("F32", [4], 16))),
    "a tensor of an unknown type": (WEIGHTS, "BF16", written(WEIGHTS, one_tensor("BF16", [4], 8))),
    "words of another pattern": (WORDS, "another word pattern", written(WORDS, b'{"pattern": ".", "words": []}')),
    "words that are none": (WORDS, "strings", written(WORDS, words(1, 2))),
    "words that are nested": (WORDS, "not a vocabulary", written(WORDS, b"[" * 10**6)),
    "words that are a list": (WORDS, "not a vocabulary", written(WORDS, b"[]")),
    "a word twice": (WORDS, "twice", written(WORDS, words("good", "good"))),
    "a word that no text can hold": (WORDS, "not a vocabulary", written(WORDS, words("\ud800"))),
    "words without padding": (WORDS, "starts with", written(WORDS, words().replace(b"<pad>", b"pad"))),
    "more words than vectors": (WORDS, "has 300002 words", written(WORDS, words(*map(str, range(300_000))))),
    "a graph that loops": (STEP, "a loop or a branch", graph(looping)),
    "a graph with data elsewhere": (STEP, "outside of the file", graph(external("/etc/passwd"))),
    "a graph with data beside it": (STEP, "outside of the file", graph(external("weights.safetensors"))),
    "a graph of other operators": (
        STEP,
        "com.microsoft",
        graph(lambda model: setattr(model.graph.node[0], "domain", "com.microsoft")),
    ),
    "a graph with functions": (
        STEP,
        "functions",
        graph(lambda model: model.functions.append(helper.make_function("f", "F", [], [], [], []))),
    ),
    "a graph that is text": (STEP, "not an ONNX graph", written(STEP, b"<html>" * 99)),
    "a graph of another format": (STEP, "not an ONNX graph", written(STEP, b"\x08\0\0\0ORTM" + bytes(99))),
    "a graph without end": (STEP, "more than", written(STEP, b"\x08\x01" * 200_000)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused_by_name(folder: Path, kind: str) -> None:
    name, reason, damage = KINDS[kind]
    damage(folder)
    with pytest.raises(InvalidBundle) as refused:
        read(folder)
    assert refused.value.path == folder / name
    assert reason in str(refused.value) or reason == "."
    assert str(refused.value).endswith("; copy the bundle again, or export it again")


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / WORDS).rename(folder / "real.json")
    (folder / WORDS).symlink_to("real.json")
    assert read(folder).vocabulary


def test_weights_at_an_odd_place_are_read(folder: Path) -> None:
    before = read(folder).weights.head_bias
    data = (folder / WEIGHTS).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + length].rstrip() + b" "
    written(WEIGHTS, safetensors(header, data[8 + length :]))(folder)
    found = read(folder).weights.head_bias
    assert found.flags.aligned
    assert np.array_equal(found, before)
