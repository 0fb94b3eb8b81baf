"""Training that can go on where it was cut off: one safetensors file, its bookkeeping as JSON in the header."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.bundle.writing import clear, writing
from models.reviews.errors import DataError


def save(path: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any]) -> None:
    """Write `tensors` and `record`; the file is the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    with writing(path.parent):
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, {"record": json.dumps(record)})
        part.replace(path)


def clear_unfinished(folder: Path) -> None:
    """Remove the checkpoints that killed processes have half written."""
    if folder.is_dir():
        clear(folder, "*.part")


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save` wrote. Raises `DataError` where the file is not such a checkpoint."""
    try:
        with safe_open(path, "pt") as file:
            record = json.loads(file.metadata()["record"])
            return {name: file.get_tensor(name) for name in file.keys()}, record  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a checkpoint of this version: {error}") from error


def require_same(path: Path, record: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise `DataError` that says in one line how the training of a `record` differs from the one that is `wanted`."""
    before = record.get("settings", {})
    changed = [
        f"{name} {before.get(name)}, not {now}" for name, now in wanted["settings"].items() if before.get(name) != now
    ]
    if record.get("data") != wanted["data"]:
        changed.append("other reviews")
    if changed:
        raise DataError(f"{path}: made with {'; '.join(changed)}: leave out --resume to begin anew")
