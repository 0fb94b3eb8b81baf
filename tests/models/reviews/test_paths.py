"""Which files are read: each once, none hidden, never the output."""

import os
from pathlib import Path

import pytest

from models.reviews.errors import DataError, UsageError
from models.reviews.paths import find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("d/a.csv", "d/sub/b.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("text\ngood\n")
    return tmp_path


def test_a_file_is_read_once_whatever_leads_to_it(folder: Path) -> None:
    Path("d/loop").symlink_to(".")
    Path("d/link.csv").symlink_to("a.csv")
    os.link("d/a.csv", "d/hard.csv")
    assert find(["d/**/*.csv"]).names == ("d/a.csv", "d/sub/b.csv")
    assert find(["d"]).names == ("d/a.csv", "d/sub/b.csv")
    assert find(["d/a.csv", "./d/a.csv", "d/link.csv"]).names == ("d/a.csv",)


@pytest.mark.parametrize("out", ["d/a.csv", "./d/a.csv", "d/../d/a.csv", "link.csv", "hard.csv"])
def test_an_output_that_is_an_input_is_refused_however_it_is_spelt(folder: Path, out: str) -> None:
    Path("link.csv").symlink_to("d/a.csv")
    os.link("d/a.csv", "hard.csv")
    for name in ("d/a.csv", str(folder / "d/a.csv")):
        with pytest.raises(UsageError, match="input and output at once"):
            find([name], out)


def test_an_output_in_a_folder_of_inputs_is_not_read(folder: Path) -> None:
    Path("d/out.csv").write_text("")
    assert "d/out.csv" not in find(["d"], "d/../d/out.csv").names
    assert "d/out.csv" not in find(["d/*.csv"], "./d/out.csv").names


def test_hidden_and_temporary_files_are_left_out_and_said(folder: Path) -> None:
    hidden = (".ipynb_checkpoints/a.csv", ".x.csv", "_delta/a.csv", "o.csv.parts/1.csv", "a.csv.tmp", "~$a.csv")
    for name in hidden:
        (folder / "d" / name).parent.mkdir(exist_ok=True)
        (folder / "d" / name).write_text(name)
    found = find(["d"])
    assert found.names == ("d/a.csv", "d/sub/b.csv")
    assert sorted(found.left_out) == sorted(f"d/{name}" for name in hidden)
    assert find(["d/.x.csv"]).names == ("d/.x.csv",)


def test_what_describes_a_data_set_is_none_of_its_files(folder: Path) -> None:
    for name in ("dataset_infos.json", "README.md", "sub/dataset_info.json", "sub/state.json"):
        (folder / "d" / name).write_text("{}")
    assert find(["d"]).names == ("d/a.csv", "d/sub/b.csv")
    assert sorted(find(["d"]).left_out) == ["d/dataset_infos.json", "d/sub/dataset_info.json", "d/sub/state.json"]


def test_other_files_of_a_folder_are_not_spoken_of(folder: Path) -> None:
    Path("d/notes.txt").write_text("")
    assert find(["d"]).left_out == ()


def test_what_cannot_be_read_together_is_refused(folder: Path) -> None:
    Path("d/c.jsonl").write_text("")
    with pytest.raises(UsageError, match="several formats"):
        find(["d"])
    with pytest.raises(UsageError, match="only input"):
        find(["-", "d/a.csv"])
    with pytest.raises(DataError, match="no such file"):
        find(["nowhere.csv"])
    with pytest.raises(DataError, match="no files"):
        find(["d/*.parquet"])
    Path("d/a.xlsx").write_text("")
    with pytest.raises(UsageError, match="ends in"):
        find(["d/a.xlsx"])
