"""`gatescope init`: the file that it writes means what exports do without it, and what is changed in it counts."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from export.commands.init import template
from export.settings import ExportSettings, default_of
from gatescope.command_line import main


def gatescope_exits(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gatescope", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_every_setting_stands_there_with_its_meaning_and_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, field in ExportSettings.model_fields.items():
        assert f"# {field.description}\n# {name} =" in template()
    assert tomllib.loads(template()) == {}
    (tmp_path / "gatescope.toml").write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", template()))
    assert ExportSettings() == ExportSettings(
        **{  # type: ignore[arg-type]
            name: default_of(name) for name in ExportSettings.model_fields
        }
    )


def test_an_export_reads_what_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gatescope_exits(monkeypatch, "init") == 0
    written = (tmp_path / "gatescope.toml").read_text()
    (tmp_path / "gatescope.toml").write_text(written.replace('# data = "critics"', 'data = "mine.csv"'))
    assert gatescope_exits(monkeypatch, "export") == 3
    assert "mine.csv: no such file" in capsys.readouterr().err
    assert gatescope_exits(monkeypatch, "init") == 2
    assert "was left as it is" in capsys.readouterr().err
    assert "mine.csv" in (tmp_path / "gatescope.toml").read_text()


@pytest.mark.parametrize(("line", "said"), [("hiden_size = 8", "'hiden_size'"), ("data = ", "gatescope.toml")])
def test_a_line_that_means_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gatescope.toml").write_text(line)
    assert gatescope_exits(monkeypatch, "export") == 2
    assert said in capsys.readouterr().err
