"""A bundle in the folders of other tools, whole and unchanged, so that it is verified wherever it is loaded."""

import json
import platform
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from models.bundle.files import Bundle
from models.bundle.manifest import Manifest


def to_mlflow(bundle: Bundle, folder: Path) -> None:
    """Write a model of MLflow's flavour `python_function`, of one column, `text`. Loading it needs gatescope."""
    place = _copy(bundle, folder)
    flavour = {
        "loader_module": "gatescope.pyfunc",
        "data": place,
        "python_version": platform.python_version(),
        "env": {"virtualenv": "python_env.yaml"},
    }
    column = [{"type": "string", "name": "text", "required": True}]
    _write(
        folder / "MLmodel",
        {
            "flavors": {"python_function": flavour},
            "model_uuid": uuid4().hex,
            "signature": {"inputs": json.dumps(column), "outputs": None, "params": None},
            "utc_time_created": datetime.now(UTC).replace(tzinfo=None).isoformat(" "),
        },
    )
    environment = {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
    _write(folder / "python_env.yaml", environment)
    (folder / "requirements.txt").write_text(f"gatescope[cpu]=={version('gatescope')}\n")


def to_huggingface(bundle: Bundle, folder: Path) -> None:
    """Write a folder that can be pushed to the Hugging Face Hub: `config.json` and the model's card."""
    place, manifest = _copy(bundle, folder), bundle.manifest
    labels = dict(enumerate(manifest.labels))
    sizes = ("cell", "vocabulary_size", "embedding_size", "hidden_size", "layers", "pooling")
    config = {"model_type": "gatescope", "bundle": place, **{name: getattr(manifest, name) for name in sizes}}
    ids = {label: index for index, label in labels.items()}
    _write(folder / "config.json", config | {"id2label": labels, "label2id": ids})
    (folder / "README.md").write_text(_readme(manifest, place))


FORMATS: Mapping[str, Callable[[Bundle, Path], None]] = {"mlflow": to_mlflow, "huggingface": to_huggingface}


def _copy(bundle: Bundle, folder: Path) -> str:
    """Copy a bundle into `folder` and return its place there: NAME/VERSION, as in a repository."""
    place = f"{bundle.manifest.name}/{bundle.manifest.version}"
    shutil.copytree(bundle.folder, folder / place)
    return place


def _write(file: Path, content: Any) -> None:
    """Write JSON, which is YAML, too."""
    file.write_text(json.dumps(content, indent=2) + "\n")


def _readme(manifest: Manifest, place: str) -> str:
    """Return the card as the Hub reads it: what its front matter says, and how the model is used."""
    test = manifest.metrics["test"]
    return f"""---
library_name: gatescope
pipeline_tag: text-classification
tags: {json.dumps(["onnx", manifest.cell])}
---

# {manifest.name}

Reads a review word by word and says {" or ".join(manifest.labels)}: {test.accuracy:.1%} of {test.rows:,} test reviews
right. [{place}]({place}) has the whole card, with what it has learnt from.

```python
from pathlib import Path

import gatescope  # pip install 'gatescope[cpu]'
from huggingface_hub import snapshot_download

model = gatescope.load(Path(snapshot_download("OWNER/NAME")) / "{place}")
model.predict("Not bad at all, and the ending is amazing")
```
"""
