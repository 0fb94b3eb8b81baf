"""A teacher's opinions on disk: no text, a byte each, and refused where the file is something else."""

from pathlib import Path

import numpy as np
import pytest

from export.data.critics import critics
from export.data.splits import split
from export.data.wheels import cache_directory
from export.teaching.lessons import made_of
from export.teaching.opinions import BUILT_IN, Opinions
from models.reviews.errors import DataError

TEXTS = ["a good film", "dull", "🎬 naïve"]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "opinions.safetensors"
    Opinions.of(TEXTS, np.array([0.9, 0.1, 0.5]), teacher="t", training="f").write(file)
    found = Opinions.read(file)
    assert (found.teacher, found.training) == ("t", "f")
    np.testing.assert_allclose(found.about(TEXTS[::-1]), [0.5, 0.1, 0.9], atol=1 / 500)
    assert np.isnan(found.about(["another text"])).all()
    assert b"dull" not in file.read_bytes()


@pytest.mark.parametrize("content", [b"", b"no opinions", None])
def test_another_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "opinions.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"opinions\.safetensors"):
        Opinions.read(file)


def test_the_built_in_opinions_are_about_the_default_split_and_all_that_is_made_from_it() -> None:
    train, opinions = split(critics(cache_directory()), 0).train, Opinions.read(BUILT_IN)
    assert opinions.training == train.fingerprint
    found = opinions.about(train.texts)
    assert ((found > 0.5) == train.targets).mean() > 0.9
    assert not np.isnan(opinions.about(made_of(train))).any()
    assert BUILT_IN.stat().st_size < 2_000_000
