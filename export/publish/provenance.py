"""Where a bundle comes from, as its manifest says it: the reviews and their splits, the command, the libraries."""

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from export.data.reviews import Reviews
from export.data.splits import Splits
from export.settings import ExportSettings
from export.training.config import TrainedModel
from models.bundle.manifest import Data, Provenance, Split

LIBRARIES = ("torch", "onnx", "onnxruntime", "numpy", "scikit-learn")


def data_of(reviews: Reviews, splits: Splits) -> Data:
    """Return what a manifest says of the reviews that a model was made from."""
    return Data(
        name=reviews.name,
        source=reviews.source,
        licence=reviews.licence,
        split_rule=splits.rule,
        splits={name: Split(rows=len(each), fingerprint=each.fingerprint) for name, each in splits.by_name.items()},
        duplicates=reviews.duplicates,
        overlap=reviews.overlap,
    )


def provenance_of(model: TrainedModel, lessons: Mapping[str, int], settings: ExportSettings) -> Provenance:
    """Return how `model` was made: from these lessons, by this command, with these settings and libraries."""
    given = {name: _plain(value) for name, value in settings.model_dump(mode="json").items()}
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["gatescope", *sys.argv[1:]]),
        git_commit=_git_commit(),
        seed=settings.seed,
        libraries={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        settings={**given, "pooling": model.weights.pooling, "device": model.device},
        lessons=dict(lessons),
        seconds_to_train=model.seconds,
        epochs=len(model.history),
    )


def _plain(value: Any) -> Any:
    """Return a setting as a manifest has it: what holds several values as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _git_commit() -> str | None:
    here = Path(__file__).resolve().parent
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
