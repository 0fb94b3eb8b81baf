"""The commands of the export stage, on a small table of reviews: what they write, say and exit with."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from export.publish.behaviour import cases
from export.settings import default_of
from gatescope.command_line import main
from models.bundle.files import STEP, read
from models.bundle.repository import model_names, versions
from tests.bundles import random_weights, write_bundle

GOOD = ["wonderful", "great", "moving", "funny", "brilliant", "superb"]
BAD = ["awful", "dull", "boring", "terrible", "weak", "clumsy"]
NEUTRAL = ["the", "film", "a", "story", "with", "actors", "and", "scene", "plot", "it", "is", "was", "this", "of"]
SMALL = ["--hidden-size", "8", "--embedding-size", "8", "--min-count", "1", "--epochs", "3", "--batch-size", "16"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 made-up reviews of 60 films whose label a single word tells."""
    draw, rows = random.Random(0), ["review,verdict,film"]
    for number in range(600):
        label, telling = ("good", GOOD) if number % 2 else ("bad", BAD)
        text = [*draw.choices(NEUTRAL, k=draw.randint(3, 12)), draw.choice(telling), str(number)]
        draw.shuffle(text)
        rows.append(f"{' '.join(text)},{label},film {number // 10}")
    file = tmp_path_factory.mktemp("data") / "reviews.csv"
    file.write_text("\n".join(rows))
    return file


def columns(table: Path) -> list[str]:
    named = ["--text-column", "review", "--label-column", "verdict", "--group-column", "film"]
    return ["--data", str(table), *named, *SMALL]


def gatescope_exits(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gatescope", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="module")
def exported(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert (
            gatescope_exits(
                patch, "export", *columns(table), "--cells", "lstm,gru", "--learning-rate", "0.02", "--epochs", "12"
            )
            == 0
        )
    return folder / "repository"


def test_an_export_writes_a_bundle_a_cell(exported: Path) -> None:
    assert model_names(exported) == ["gru", "lstm"]
    for name in ("gru", "lstm"):
        bundle = read(exported / name / "1")
        assert bundle.manifest.labels == ("bad", "good")
        assert bundle.manifest.metrics["test"].accuracy > 0.8
        assert bundle.manifest.data.split_rule.startswith("80/10/10 by group")
        assert "report/comparison.json" in bundle.manifest.files
        assert bundle.manifest.corpus and not bundle.manifest.corpus.texts
        assert bundle.manifest.corpus.reviews == bundle.manifest.data.splits["validation"].rows
        assert (exported / name / "1" / "card.md").read_text().startswith("---")


def test_a_bundle_says_what_taught_it_and_what_it_can_read(exported: Path) -> None:
    manifest = read(exported / "gru" / "1").manifest
    assert manifest.provenance.lessons["reviews"] == manifest.data.splits["train"].rows
    assert manifest.provenance.lessons["sentences whose sense is known"] > 0
    assert manifest.behaviour.keys() == cases().keys()
    card = (exported / "gru" / "1" / "card.md").read_text()
    assert "sentences whose sense is known" in card
    assert "| not bad |" in card


def test_the_test_split_shares_no_film_with_training(exported: Path, table: Path) -> None:
    splits = read(exported / "lstm" / "1").manifest.data.splits
    assert sum(split.rows for split in splits.values()) == 600


def test_verify_passes_and_fails(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = exported / "lstm" / "1"
    assert gatescope_exits(monkeypatch, "verify", str(folder), "--json") == 0
    assert all(check["passed"] for check in json.loads(capsys.readouterr().out)["checks"])
    assert gatescope_exits(monkeypatch, "verify", str(tmp_path)) == 4
    assert "manifest.json" in capsys.readouterr().err


def test_inspect_and_compare_tell_of_a_bundle(
    exported: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gatescope_exits(monkeypatch, "inspect", str(exported / "gru" / "1"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["cell"] == "gru"
    assert gatescope_exits(monkeypatch, "compare", "--repository", str(exported), "--json") == 0
    (comparison,) = json.loads(capsys.readouterr().out)
    names = [entry["name"] for entry in comparison["entries"]]
    assert sorted(names) == ["gru", "linear", "lstm", "majority", "nb-svm"]


def test_labels_are_text_on_the_console_never_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_bundle(tmp_path, "lstm", random_weights("lstm"), ("[/neg]", "[red]"))
    assert gatescope_exits(monkeypatch, "inspect", str(folder)) == 0
    assert "[/neg], [red]" in capsys.readouterr().out


def test_what_is_done_is_not_done_again(exported: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = [*columns(table), "--repository", str(exported), "--cells", "lstm,gru", "--if-missing"]
    assert gatescope_exits(monkeypatch, "export", *options) == 0
    assert versions(exported, "lstm") == [1]


def test_compare_passes_over_a_version_that_is_not_valid_and_says_so(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = Path(shutil.copytree(exported, tmp_path / "copied"))
    shutil.copytree(copied / "lstm" / "1", copied / "lstm" / "2")
    told = []
    for repository in (exported, copied):
        assert gatescope_exits(monkeypatch, "compare", "--repository", str(repository), "--json") == 0
        told.append(capsys.readouterr())
    assert told[0].out == told[1].out
    assert "is lstm version 1" in told[1].err


def test_an_accuracy_below_the_wanted_one_exits_with_5(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, *rows = table.read_text().splitlines()
    doubtful = tmp_path / "doubtful.csv"
    unlike = {"good": "bad", "bad": "good"}
    rows[::8] = [re.sub(",(good|bad),", lambda label: f",{unlike[label[1]]},", row) for row in rows[::8]]
    doubtful.write_text("\n".join([header, *rows]))
    options = ["--repository", str(tmp_path), "--cells", "gru", "--epochs", "12", "--learning-rate", "0.02"]
    assert gatescope_exits(monkeypatch, "export", *columns(doubtful), *options, "--min-accuracy", "1.0", "--json") == 5


def test_a_network_that_has_learnt_nothing_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = [f"the film is a story {number},{['bad', 'good'][number % 2]},{number // 2}" for number in range(200)]
    table = tmp_path / "alike.csv"
    table.write_text("\n".join(["review,verdict,film", *alike]))
    options = [*columns(table), "--min-count", "2", "--cells", "gru", "--repository", str(tmp_path / "repository")]
    assert gatescope_exits(monkeypatch, "export", *options) == 3
    assert "gru has learnt nothing" in capsys.readouterr().err
    assert model_names(tmp_path / "repository") == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--text-column", "nothing"], 3, "nothing"),
        (["--labels", "bad,better"], 3, "labels"),
        (["--data", "nowhere.csv"], 3, "nowhere.csv"),
        (["--teacher", "nowhere"], 3, "nowhere"),
        (["--min-count", "10000"], 3, "--min-count"),
        (["--cells", "transformer"], 2, "--cells"),
        (["--hidden-size", "0"], 2, "--hidden-size"),
        (["--pooling", "median"], 2, "--pooling"),
        (["--name", "a/b"], 2, "--name"),
        (["--name", "n" * 60], 2, "--name"),
        (["--cells", "lstm,lstm"], 2, "--cells"),
        (["--cells", ""], 2, "--cells"),
        (["--labels", "bad,bad"], 2, "--labels"),
        (["--learning-rate", "1000"], 2, "--learning-rate"),
        (["--learning-rate", "nan"], 2, "--learning-rate"),
        (["--time-budget", "inf"], 2, "--time-budget"),
        (["--max-words", "100000"], 2, "--max-words"),
        (["--repository", "/dev/null"], 2, "--repository"),
        (["--no-such-flag"], 2, "no-such-flag"),
        (["--hidden-size", "1000000000"], 3, "needs about"),
        (["--hidden-size", "many"], 2, "--hidden-size"),
        (["--device", "tpu"], 2, "--device"),
        (["--class-weight", "good=0"], 2, "--class-weight"),
        (["--class-weight", "better=2"], 3, "'better'; there are bad, good"),
        (["--split-column", "film", "--test", "b.csv"], 2, "leave out --validation and --test"),
        (["--split-column", "film"], 3, "column 'film' holds 'film 0'"),
        (["--test", "nowhere.csv"], 3, "nowhere.csv"),
    ],
)
def test_a_wrong_call_is_told_what_and_where(
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    options = [*columns(table), "--repository", str(tmp_path), *arguments]
    assert gatescope_exits(monkeypatch, "export", *options) == code
    assert said in capsys.readouterr().err
    assert model_names(tmp_path) == []


@pytest.mark.parametrize("name", ["", "gru"])
def test_a_repository_that_can_not_be_written_to_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "repository" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "repository" / name).write_text("a file in its place")
    options = ["--data", "nowhere.csv", "--repository", str(tmp_path / "repository"), "--cells", "gru"]
    assert gatescope_exits(monkeypatch, "export", *options) == 2
    assert "--repository" in capsys.readouterr().err


def test_an_export_says_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATESCOPE_HIDDEN_SIZE", "7")
    options = ["--data", "nowhere.csv", "--repository", str(tmp_path), "--cells", "gru"]
    assert gatescope_exits(monkeypatch, "export", *options) == 3
    said = capsys.readouterr().err
    for setting in ("data nowhere.csv", "cells gru", "hidden_size 7", f"epochs {default_of('epochs')}", "strict false"):
        assert setting in said


def test_settings_come_from_the_environment_too(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATESCOPE_CELLS", "perceptron")
    assert gatescope_exits(monkeypatch, "export", "--repository", str(tmp_path)) == 2
    assert "perceptron" in capsys.readouterr().err


def interrupted(table: Path, repository: Path, times: int) -> tuple[int, str]:
    """Run a training that would take minutes, interrupt it once it learns, and give exit code and output."""
    options = [*columns(table), "--repository", str(repository), "--cells", "lstm", "--epochs", "100000"]
    command = [sys.executable, "-m", "gatescope", "export", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        said = ""
        for line in process.stderr:
            said += line
            if "epoch 3/" in line:
                break
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            said += process.stderr.readline()
        said += process.stderr.read()
    return process.returncode, said


def test_the_first_interrupt_keeps_the_best_epoch(table: Path, tmp_path: Path) -> None:
    code, said = interrupted(table, tmp_path, times=1)
    assert code == 130
    assert "best epoch" in said
    assert (tmp_path / "lstm" / "1" / STEP).is_file()


def test_the_second_interrupt_writes_nothing(table: Path, tmp_path: Path) -> None:
    code, _ = interrupted(table, tmp_path, times=2)
    assert code == 130
    assert model_names(tmp_path) == []


def test_compare_measures_memory_with_a_twin_of_each_model(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(exported.parent)
    figure = tmp_path / "memory.svg"
    assert gatescope_exits(monkeypatch, "compare", "--memory", "--json", "--figure", str(figure)) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["cell"], one["pooling"]) for one in found] == [
        (name, name, pooling) for name in ("gru", "lstm") for pooling in ("last", "max||mean")
    ]
    for one in found:
        assert one["accuracy"] > 0.8
        assert one["gradient_start"] != one["gradient_end"]
        assert sum(one["gradient_end"]) == pytest.approx(1)
    assert figure.read_text().startswith("<svg")


def test_a_figure_is_of_memory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert gatescope_exits(monkeypatch, "compare", "--figure", "memory.svg") == 2
    assert "give both" in capsys.readouterr().err
