"""A model in the folders of other tools: each holds the whole bundle, and is loaded from there."""

import importlib
import json
from pathlib import Path

import pytest
import yaml

import gatescope
from tests.gatescope.test_command_line import run

TEXTS = ["a good film", "dull"]


def convert(repository: Path, folder: Path, to: str) -> Path:
    done = run("convert", str(folder), "--to", to, "--model", "gru", "--repository", str(repository))
    assert done.returncode == 0, done.stderr
    return folder


def test_mlflow_loads_it(repository: Path, tmp_path: Path) -> None:
    """As MLflow does: it imports the module that the folder names, and has it load what the folder says."""
    folder = convert(repository, tmp_path / "model", "mlflow")
    written = yaml.safe_load((folder / "MLmodel").read_text())
    flavour = written["flavors"]["python_function"]
    loaded = importlib.import_module(flavour["loader_module"])._load_pyfunc(str(folder / flavour["data"]))
    (column,) = json.loads(written["signature"]["inputs"])
    said = loaded.predict({column["name"]: TEXTS})
    expected = gatescope.load("gru", repository=repository).predict(TEXTS)
    assert [(each["label"], each["probabilities"]) for each in said] == [
        (each.label, each.probabilities) for each in expected
    ]
    assert yaml.safe_load((folder / flavour["env"]["virtualenv"]).read_text())["dependencies"] == [
        "-r requirements.txt"
    ]
    assert (folder / "requirements.txt").read_text().startswith("gatescope[cpu]==")


def test_a_folder_for_the_hub_has_a_card_and_a_configuration(repository: Path, tmp_path: Path) -> None:
    folder = convert(repository, tmp_path / "hub", "huggingface")
    config = json.loads((folder / "config.json").read_text())
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front)["pipeline_tag"] == "text-classification"
    assert f'/ "{config["bundle"]}")' in text
    model = gatescope.load(folder / config["bundle"])
    labels = [config["id2label"][str(index)] for index in range(len(config["id2label"]))]
    assert labels == list(model.card.labels) and config["label2id"][labels[1]] == 1
    assert config["cell"] == "gru" and model.predict(TEXTS[0]).label in labels


@pytest.mark.parametrize("to", ["mlflow", "huggingface"])
def test_a_folder_that_is_there_stays(repository: Path, tmp_path: Path, to: str) -> None:
    done = run("convert", str(tmp_path), "--to", to, "--repository", str(repository))
    assert done.returncode == 2 and "is there already" in done.stderr
    assert list(tmp_path.iterdir()) == []
