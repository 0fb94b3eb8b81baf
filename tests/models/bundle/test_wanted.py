from pathlib import Path

import pytest

from models.bundle.wanted import FILE, InvalidWanted, read_wanted


def test_without_the_file_nothing_is_wanted(tmp_path: Path) -> None:
    assert read_wanted(tmp_path) is None


def test_the_versions_of_each_model_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"lstm": [3, 2], "gru": [1]}')
    assert read_wanted(tmp_path) == {"lstm": (3, 2), "gru": (1,)}


@pytest.mark.parametrize(
    "content", ["", "[", "[]", "null", '{"lstm": 3}', '{"lstm": []}', '{"lstm": ["3"]}', '{"lstm": [0]}', "[" * 100_000]
)
def test_what_can_not_be_used_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InvalidWanted, match=r"wanted\.json"):
        read_wanted(tmp_path)
