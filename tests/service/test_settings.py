import socket
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from export.settings import ExportSettings
from gatescope.command_line import main
from service.process.serve import serve
from service.settings import OTHERS, InvalidSettings, Settings, read_settings


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "gatescope.toml"
    file.write_text('port = 1\nhost = "a"\nmax_words = 3\napi_keys = ["k"]\n')
    monkeypatch.setenv("GATESCOPE_CONFIG", str(file))
    monkeypatch.setenv("GATESCOPE_HOST", "b")
    monkeypatch.setenv("GATESCOPE_PORT", "2")
    settings = read_settings(port=3, host=None)
    assert (settings.port, settings.host, settings.max_words) == (3, "b", 3)
    assert [key.get_secret_value() for key in settings.api_keys] == ["k"]
    assert "'k'" not in repr(settings)
    monkeypatch.setenv("GATESCOPE_API_KEYS", '["x", "y"]')
    assert len(read_settings().api_keys) == 2


@pytest.mark.parametrize(
    ("flags", "told"),
    [({"port": 70_000}, "port"), ({"provider": "tpu"}, "provider"), ({"max_words": 0}, "max_words")],
)
def test_a_wrong_setting_is_named(flags: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidSettings, match=told):
        read_settings(**flags)


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="nowhere"):
        read_settings(config=tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("port = ")
    with pytest.raises(InvalidSettings, match="config"):
        read_settings(config=tmp_path / "bad.toml")
    (tmp_path / "typo.toml").write_text("prot = 1")
    with pytest.raises(InvalidSettings, match="prot"):
        read_settings(config=tmp_path / "typo.toml")


def test_a_wrong_flag_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["gatescope", "serve", "--port", "70000"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "port" in capsys.readouterr().err


def test_a_port_in_use_is_named() -> None:
    app = typer.Typer()
    app.command()(serve)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(app, ["--port", str(taken.getsockname()[1])])
    assert result.exit_code == 1
    assert "in use" in result.output


def test_settings_of_the_other_commands_may_stand_beside_these(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OTHERS - {"api_key", "cache"} == ExportSettings.model_fields.keys() - Settings.model_fields.keys()
    monkeypatch.setenv("GATESCOPE_LEARNING_RATE", "0.1")
    read_settings()


@pytest.mark.parametrize("name", ["GATESCOPE_MAX_WORD", "GATESCOPE_API_KEY_S", "GATESCOPE_"])
def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(InvalidSettings, match=name):
        read_settings()


@pytest.mark.parametrize("value", ["", " ", "[]", '[""]'])
def test_keys_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GATESCOPE_API_KEYS", value)
    with pytest.raises(InvalidSettings, match="api_keys"):
        read_settings()


def test_what_kubernetes_sets_for_a_service_of_this_name_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GATESCOPE_PORT": "tcp://10.96.12.7:80",
        "GATESCOPE_SERVICE_HOST": "10.96.12.7",
        "GATESCOPE_SERVICE_PORT": "80",
        "GATESCOPE_SERVICE_PORT_HTTP": "80",
        "GATESCOPE_PORT_80_TCP": "tcp://10.96.12.7:80",
        "GATESCOPE_PORT_80_TCP_ADDR": "10.96.12.7",
        "GATESCOPE_METRICS_SERVICE_HOST": "10.96.12.8",
    }.items():
        monkeypatch.setenv(name, value)
    assert read_settings().port == Settings.model_fields["port"].default


def test_another_address_than_loopback_needs_keys_or_to_be_open_on_purpose() -> None:
    with pytest.raises(InvalidSettings, match="host"):
        read_settings(host="0.0.0.0")
    assert read_settings(host="0.0.0.0", allow_open=True).allow_open
    assert read_settings(host="::1").on_loopback
