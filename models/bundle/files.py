"""A bundle on disk: write it in one step, read it, refuse it by name where anything is wrong.

`<folder>/manifest.json` holds the size and SHA-256 of every other file: `step.onnx`, `weights.safetensors`,
`words.json`, `card.md`, `report/...`, and where there is one, `corpus.safetensors`. Each is read once: what is served
are the bytes that were hashed, whatever becomes of the files later. Nothing is ever unpickled.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic_core import from_json
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as safetensors_bytes

from models.bundle.manifest import SCHEMA_VERSION, File, Manifest
from models.bundle.regular_file import read_regular_file
from models.corpus.corpus_file import Corpus, InvalidCorpus
from models.exits import Exit, Failed
from models.network.equations import Array, Weights
from models.network.onnx_format import check_plain_graph
from models.text.words import InvalidWords, Vocabulary

MANIFEST, STEP, WEIGHTS, WORDS = "manifest.json", "step.onnx", "weights.safetensors", "words.json"
CORPUS = "corpus.safetensors"
MOST_BYTES = {MANIFEST: 16 << 20, WORDS: 64 << 20}
"""What these files may take: reading them takes many times their size."""

GOLDEN_TOLERANCE = 1e-4

Replay = Callable[[NDArray[np.int64]], Array]
"""Runs one review, `ids [T]`, through the step graph and returns `logits [C]`."""


class InvalidBundle(Failed, ValueError):
    """A bundle that must not be served; the message names the file, what is wrong with it, and what to do."""

    exit_code = Exit.VERIFICATION

    def __init__(self, path: Path, reason: str, remedy: str = "copy the bundle again, or export it again") -> None:
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path, self.reason = path, reason


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and whose files, schema and shapes agree. `step_graph` is the ONNX file's bytes."""

    folder: Path
    manifest: Manifest
    sha256: str
    vocabulary: Vocabulary
    weights: Weights
    step_graph: bytes
    corpus: Corpus | None = None


def contents(weights: Weights, vocabulary: Vocabulary, step_graph: bytes) -> dict[str, bytes]:
    """Return the files that every bundle has beside its manifest, by name."""
    tensors = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.tensors().items()}
    return {STEP: step_graph, WEIGHTS: safetensors_bytes(tensors), WORDS: vocabulary.dumps().encode()}


def describe(files: Mapping[str, bytes]) -> dict[str, File]:
    """Return size and hash of each file, as the manifest holds them."""
    return {name: File(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)) for name, data in files.items()}


def write(folder: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write a bundle into the new folder `folder` and flush it to disk; on any error nothing is left behind."""
    try:
        for name, data in {**files, MANIFEST: manifest.model_dump_json(indent=1).encode()}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for directory in {folder, *(path for path in folder.rglob("*") if path.is_dir())}:
            sync_folder(directory)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path, sha256: str | None = None) -> Bundle:
    """Read the bundle in `folder`: schema, sizes, hashes, vocabulary, step graph, and the shapes of the weights.

    Raises `InvalidBundle`, also where it is not the one with that `sha256`. The golden vectors are for `replay_golden`,
    which needs a runtime.
    """
    manifest, found = read_manifest(folder)
    if sha256 not in (None, found):
        raise InvalidBundle(
            folder, "is not what was read before under this number", "versions never change: publish a new one"
        )
    for name in (STEP, WEIGHTS, WORDS):
        if name not in manifest.files:
            raise InvalidBundle(folder / MANIFEST, f"`files` lacks {name}")
    for name in manifest.files.keys() - {STEP, WEIGHTS, WORDS, CORPUS}:
        read_listed(folder, name, manifest)
    graph, weights, words = (read_listed(folder, name, manifest) for name in (STEP, WEIGHTS, WORDS))
    _check_graph(folder / STEP, graph)
    return Bundle(
        folder,
        manifest,
        found,
        _vocabulary(folder / WORDS, words, manifest),
        _weights(folder / WEIGHTS, weights, manifest),
        graph,
        _corpus(folder, manifest),
    )


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read the manifest in `folder` and its SHA-256, which stands for the whole bundle. Raises `InvalidBundle`."""
    path = folder / MANIFEST
    data = _read_file(folder, MANIFEST, MOST_BYTES[MANIFEST])
    try:
        content = from_json(data)
    except ValueError as error:
        raise InvalidBundle(path, f"not JSON: {error}") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise InvalidBundle(path, f"schema version {version!r}, this Gatescope reads {SCHEMA_VERSION}")
    try:
        return Manifest.model_validate_json(data), hashlib.sha256(data).hexdigest()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "manifest"
        raise InvalidBundle(path, f"{where}: {first['msg']}") from error


def replay_golden(bundle: Bundle, run: Replay) -> float:
    """Return how far the answers of `run` are from the stored golden ones. Raises `InvalidBundle` past 1e-4."""
    largest = 0.0
    for golden in bundle.manifest.golden:
        ids = bundle.vocabulary.encode(golden.text, len(golden.ids)).ids
        if tuple(ids.tolist()) != golden.ids:
            raise InvalidBundle(bundle.folder / WORDS, "a golden text is read as other words")
        difference = float(np.abs(run(ids) - np.asarray(golden.logits)).max())
        if not difference <= GOLDEN_TOLERANCE:
            raise InvalidBundle(bundle.folder / STEP, f"a golden answer differs by {difference:.2g}")
        largest = max(largest, difference)
    return largest


def _read_file(folder: Path, name: str, most: int) -> bytes:
    path = folder / name
    try:
        return read_regular_file(folder, name, most)
    except ValueError as error:
        raise InvalidBundle(path, str(error)) from error
    except OSError as error:
        raise InvalidBundle(path, error.strerror or str(error)) from error


def read_listed(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Return the bytes of a file, which are those that the manifest lists. Raises `InvalidBundle`."""
    path, expected = folder / name, manifest.files[name]
    data = _read_file(folder, name, min(expected.bytes, MOST_BYTES.get(name, expected.bytes)))
    if len(data) != expected.bytes:
        raise InvalidBundle(path, f"has {len(data)} bytes, the manifest says {expected.bytes}")
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected.sha256:
        raise InvalidBundle(path, f"has sha256 {digest}, the manifest says {expected.sha256}")
    return data


def _check_graph(path: Path, data: bytes) -> None:
    try:
        check_plain_graph(data)
    except ValueError as error:
        raise InvalidBundle(path, str(error)) from error


def _vocabulary(path: Path, data: bytes, manifest: Manifest) -> Vocabulary:
    try:
        vocabulary = Vocabulary.loads(data)
    except InvalidWords as error:
        raise InvalidBundle(path, str(error)) from error
    if len(vocabulary) != manifest.vocabulary_size:
        raise InvalidBundle(path, f"has {len(vocabulary)} words, the manifest says {manifest.vocabulary_size}")
    return vocabulary


def _weights(path: Path, data: bytes, manifest: Manifest) -> Weights:
    try:
        weights = Weights.from_tensors(manifest.cell, manifest.pooling, _tensors(data))
    except ValueError as error:
        raise InvalidBundle(path, str(error)) from error
    for name, tensor in weights.tensors().items():
        if not np.isfinite(tensor).all():
            raise InvalidBundle(path, f"{name} holds NaN or infinity")
    parameters = sum(tensor.size for tensor in weights.tensors().values())
    sizes = (len(weights.embedding), weights.embedding_size, weights.hidden_size, len(weights.layers), weights.classes)
    said = (
        manifest.vocabulary_size,
        manifest.embedding_size,
        manifest.hidden_size,
        manifest.layers,
        len(manifest.labels),
    )
    if (*sizes, parameters) != (*said, manifest.parameters):
        found, expected = (*sizes, parameters), (*said, manifest.parameters)
        raise InvalidBundle(path, f"has sizes {found} (V, E, H, L, C, parameters), the manifest says {expected}")
    return weights


def _corpus(folder: Path, manifest: Manifest) -> Corpus | None:
    """Return the corpus of a bundle that has one."""
    if (manifest.corpus is None) != (CORPUS not in manifest.files):
        raise InvalidBundle(folder / MANIFEST, f"`corpus` and `files` disagree on {CORPUS}")
    if manifest.corpus is None:
        return None
    try:
        corpus = Corpus.loads(read_listed(folder, CORPUS, manifest), manifest.hidden_size, len(manifest.labels))
    except InvalidCorpus as error:
        raise InvalidBundle(folder / CORPUS, str(error)) from error
    if corpus.facts(manifest.corpus.source) != manifest.corpus.model_dump():
        raise InvalidBundle(folder / CORPUS, "is not what the manifest says of it")
    return corpus


def _tensors(data: bytes) -> dict[str, Array]:
    """Return the float32 tensors of a safetensors file, which nobody can write to. Raises `ValueError`."""
    try:
        tensors = load_tensors(data)
    except (SafetensorError, KeyError) as error:  # a KeyError names a type that NumPy does not have
        raise ValueError(f"not a safetensors file of float32: {error}") from error
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise ValueError(f"{name} holds {tensor.dtype} where float32 belongs")
        tensor.flags.writeable = False
    return tensors
