from pathlib import Path

import pytest

from models.bundle.aliases import InvalidVersionsFile
from models.bundle.served_versions import FILE, wanted_versions


def test_without_the_file_nothing_is_wanted(tmp_path: Path) -> None:
    assert wanted_versions(tmp_path) is None


def test_the_versions_of_each_model_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"lstm": [3, 2], "gru": [1]}')
    assert wanted_versions(tmp_path) == {"lstm": ((3, None, ()), (2, None, ())), "gru": ((1, None, ()),)}


@pytest.mark.parametrize(
    "content", ["", "[", "[]", "null", '{"lstm": 3}', '{"lstm": []}', '{"lstm": ["3"]}', '{"lstm": [0]}', "[" * 100_000]
)
def test_what_can_not_be_used_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(InvalidVersionsFile, match=r"wanted\.json"):
        wanted_versions(tmp_path)
