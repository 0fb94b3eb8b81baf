"""Which encoder teaches: the built-in one, or a folder in Hugging Face format."""

from pathlib import Path

import pytest

from export.teaching.encoder import encoder_folder
from models.reviews.errors import DataError


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert encoder_folder(str(tmp_path), tmp_path) == tmp_path


def test_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="minilm"):
        encoder_folder("bert-of-my-own", tmp_path)
