from pathlib import Path

import pytest

from export.data.reviews import gather
from export.data.splits import split
from export.teaching.lessons import lessons_of
from export.training.dataset import Dataset, prepare
from export.training.soundness import require_space
from models.network.equations import CELLS, Cell
from models.reviews.errors import DataError
from tests.studies.languages import LANGUAGES, reviews


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    splits = split(gather("own", "own", "none", reviews(LANGUAGES["Hindi"], 100)), 0)
    return prepare(splits, lessons_of(splits.train, splits.labels, None), vocabulary_size=100, min_count=1)


@pytest.mark.parametrize("cell", CELLS)
def test_room_on_disk_is_asked_for_also_where_the_repository_is_still_to_be_made(
    dataset: Dataset, cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path("new"), tmp_path / "new" / "and" / "below"):
        require_space(folder, dataset, cell, embedding=16, hidden=16, layers=2)
        with pytest.raises(DataError, match=f"{folder}: a {cell} of this size needs about .* MB"):
            require_space(folder, dataset, cell, embedding=10**7, hidden=10**7, layers=1)
    assert list(tmp_path.iterdir()) == []
