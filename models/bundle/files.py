"""A bundle on disk: write it in one step, read it, refuse it by name where anything is wrong.

`<folder>/manifest.json` holds the size and SHA-256 of every other file: `step.onnx`, `weights.safetensors`,
`words.json`, `card.md`, `report/...`. Nothing is ever unpickled.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors.numpy import save as safetensors_bytes

from models.bundle.manifest import SCHEMA_VERSION, File, Manifest
from models.bundle.safetensors_map import map_tensors
from models.network.equations import Array, Weights
from models.text.words import InvalidWords, Vocabulary

MANIFEST, STEP, WEIGHTS, WORDS = "manifest.json", "step.onnx", "weights.safetensors", "words.json"
GOLDEN_TOLERANCE = 1e-4

Replay = Callable[[NDArray[np.int64]], Array]
"""Runs one review, `ids [T]`, through the step graph and returns `logits [C]`."""


class InvalidBundle(ValueError):
    """A bundle that must not be served; the message names the file and what is wrong with it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and whose files, schema and shapes agree. Its weights are memory-mapped."""

    folder: Path
    manifest: Manifest
    sha256: str
    vocabulary: Vocabulary
    weights: Weights

    @property
    def step_graph(self) -> Path:
        """Where the step graph lies."""
        return self.folder / STEP


def contents(weights: Weights, vocabulary: Vocabulary, step_graph: bytes) -> dict[str, bytes]:
    """Return the files that every bundle has beside its manifest, by name."""
    tensors = {name: np.ascontiguousarray(array, np.float32) for name, array in weights.tensors().items()}
    return {STEP: step_graph, WEIGHTS: safetensors_bytes(tensors), WORDS: vocabulary.dumps().encode()}


def describe(files: Mapping[str, bytes]) -> dict[str, File]:
    """Size and hash of each file, as the manifest holds them."""
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


def read(folder: Path) -> Bundle:
    """Read the bundle in `folder`: schema, sizes, hashes, vocabulary and the shapes of the weights.

    Raises `InvalidBundle`. The golden vectors are for `replay_golden`, which needs a runtime.
    """
    manifest, sha256 = read_manifest(folder)
    for name, expected in manifest.files.items():
        _check_file(folder, name, expected)
    for name in (STEP, WEIGHTS, WORDS):
        if name not in manifest.files:
            raise InvalidBundle(folder / MANIFEST, f"`files` lacks {name}")
    vocabulary = _vocabulary(folder / WORDS, manifest)
    return Bundle(folder, manifest, sha256, vocabulary, _weights(folder / WEIGHTS, manifest))


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read the manifest in `folder` and its SHA-256, which stands for the whole bundle. Raises `InvalidBundle`."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except OSError as error:
        raise InvalidBundle(path, error.strerror or str(error)) from error
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
            raise InvalidBundle(bundle.step_graph, f"a golden answer differs by {difference:.2g}")
        largest = max(largest, difference)
    return largest


def _check_file(folder: Path, name: str, expected: File) -> None:
    path = folder / name
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise InvalidBundle(path, "lies outside the bundle")
        size = path.stat().st_size
        if size != expected.bytes:
            raise InvalidBundle(path, f"has {size} bytes, the manifest says {expected.bytes}")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidBundle(path, error.strerror or str(error)) from error
    if digest != expected.sha256:
        raise InvalidBundle(path, f"has sha256 {digest}, the manifest says {expected.sha256}")


def _vocabulary(path: Path, manifest: Manifest) -> Vocabulary:
    try:
        vocabulary = Vocabulary.loads(path.read_bytes())
    except InvalidWords as error:
        raise InvalidBundle(path, str(error)) from error
    if len(vocabulary) != manifest.vocabulary_size:
        raise InvalidBundle(path, f"has {len(vocabulary)} words, the manifest says {manifest.vocabulary_size}")
    return vocabulary


def _weights(path: Path, manifest: Manifest) -> Weights:
    try:
        weights = Weights.from_tensors(manifest.cell, manifest.pooling, map_tensors(path))
    except ValueError as error:
        raise InvalidBundle(path, str(error)) from error
    for name, tensor in weights.tensors().items():
        if not np.isfinite(tensor).all():
            raise InvalidBundle(path, f"{name} holds NaN or infinity")
    found = (len(weights.embedding), weights.embedding_size, weights.hidden_size, len(weights.layers), weights.classes)
    said = (
        manifest.vocabulary_size,
        manifest.embedding_size,
        manifest.hidden_size,
        manifest.layers,
        len(manifest.labels),
    )
    if found != said:
        raise InvalidBundle(path, f"has sizes {found} (V, E, H, L, C), the manifest says {said}")
    return weights
