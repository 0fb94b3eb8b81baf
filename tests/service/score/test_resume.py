"""Killed at any moment and started again: complete, each row once, byte for byte an uninterrupted run's output."""

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reviews.errors import DataError
from models.reviews.records import Record
from service.score.blocks import Block, BlockSize, Counts, ScoredBlock, text_blocks
from service.score.parts import Parts
from tests.service.score.conftest import Scoring, reviews, write_csv

ROWS = 3 * 4096


@pytest.mark.parametrize(("name", "seed"), [("o.csv", 1), ("o.parquet", 2)])
def test_killed_at_random_and_started_again(scoring: Scoring, name: str, seed: int) -> None:
    write_csv(scoring.folder / "in.csv", reviews(ROWS))
    scoring.run("in.csv", "--out", f"whole-{name}", "--workers", "1")
    wanted = (scoring.folder / f"whole-{name}").read_bytes()
    rng, kills = random.Random(seed), 0
    while not (scoring.folder / name).exists():
        process = subprocess.Popen(
            scoring.arguments("in.csv", "--out", name, "--workers", "2"), cwd=scoring.folder, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.5, 2.5) * (1 + kills / 2))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() != 0
    assert (scoring.folder / name).read_bytes() == wanted
    scoring.run("in.csv", "--out", name)
    assert (scoring.folder / name).read_bytes() == wanted
    assert not (scoring.folder / f"{name}.parts").exists()


def test_a_changed_input_is_refused(scoring: Scoring) -> None:
    source = write_csv(scoring.folder / "in.csv", reviews(5000))
    source.write_bytes(source.read_bytes() + b'5001,"good\n')
    scoring.run("in.csv", "--out", "o.csv", code=3)
    write_csv(source, ["another", *reviews(5000)])
    done = scoring.run("in.csv", "--out", "o.csv", code=3)
    assert "the input has changed" in done.stderr.decode()
    scoring.run("in.csv", "--out", "o.csv", "--restart")


def test_another_model_is_refused(scoring: Scoring) -> None:
    source = write_csv(scoring.folder / "in.csv", reviews(5000))
    source.write_bytes(source.read_bytes() + b'5001,"good\n')
    scoring.run("in.csv", "--out", "o.csv", code=3)
    done = scoring.run("in.csv", "--out", "o.csv", "--model", "gru", code=3)
    assert "another model" in done.stderr.decode()


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    held = Parts(tmp_path / "o.csv", {}, restart=False)
    with pytest.raises(DataError, match="another run"):
        Parts(tmp_path / "o.csv", {}, restart=False)
    held.close()
    Parts(tmp_path / "o.csv", {}, restart=False).close()


def test_a_part_half_written_is_none(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "o.csv", {}, restart=False)
    parts.add(ScoredBlock(0, "digest", Counts(1), b"row\n"))
    (parts.folder / "000000001.writing").write_bytes(b'{"digest": "half')
    parts.close()
    again = Parts(tmp_path / "o.csv", {}, restart=False)
    assert len(again) == 1
    assert [content.read() for content in again.contents()] == [b"row\n"]
    assert again.has(Block(0, 0, [], [], (), "digest"))
    assert not again.has(Block(1, 0, [], [], (), "other"))
    with pytest.raises(DataError, match="changed"):
        again.has(Block(0, 0, [], [], (), "other"))
    again.close()


@given(st.lists(st.binary(max_size=30)), st.integers(1, 7), st.integers(1, 60))
@settings(deadline=None)
def test_blocks_hold_every_record_once_in_order(records: list[bytes], rows: int, most: int) -> None:
    given = [("in", Record(number, number, record)) for number, record in enumerate(records, 1)]
    size = BlockSize(rows, most)
    cut = list(text_blocks(given, size))
    assert [record for block in cut for record in block.contents] == records
    assert [block.number for block in cut] == list(range(len(cut)))
    assert all(1 <= len(block.contents) <= rows for block in cut)
    assert list(text_blocks(iter(given), size)) == cut
    assert len({block.digest for block in cut}) == len(cut)
