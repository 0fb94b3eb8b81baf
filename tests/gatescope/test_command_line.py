"""What `gatescope` says without a command, and what it costs."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperArgument, TyperOption

from gatescope.command_line import COMMANDS, loaded

HEAVY = ("torch", "onnx", "onnxruntime", "litestar", "sklearn", "pyarrow")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    loaded = f"print(set({HEAVY}) & set(sys.modules), file=sys.stderr)"
    code = f"import sys, gatescope.command_line\ntry: gatescope.command_line.main()\nfinally: {loaded}"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_the_version_is_that_of_the_distribution() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"gatescope {version('gatescope')}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",)])
def test_nothing_heavy_is_loaded_to_say_what_there_is(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "set()\n")
    assert arguments == ("--version",) or all(name in done.stdout for name in ("export", "serve", "score"))


every_command = pytest.mark.parametrize("command", COMMANDS)


@every_command
def test_nothing_heavy_is_loaded_to_help_with_a_command(command: str) -> None:
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "set()\n")
    assert f"gatescope {command}" in done.stdout


SAYS_WHAT_ELSE = ("where not given", "where left out", "else", "no limit")


@every_command
def test_every_option_says_what_it_means_and_what_holds_without_it(command: str) -> None:
    app = typer.Typer()
    app.command()(loaded(command))
    for option in typer.main.get_command(app).params:
        assert isinstance(option, TyperOption | TyperArgument)
        assert option.help, option.name
        shown = option.show_default if isinstance(option.show_default, str) else option.default
        assert (
            option.required
            or option.name == "help"
            or shown not in (None, "")
            or (isinstance(option, TyperOption) and option.is_flag)
            or any(words in option.help for words in SAYS_WHAT_ELSE)
        ), f"{option.name}: {option.help}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("export", "--data", "nowhere.csv"), 3, "nowhere.csv"),
        (("export", "--hidden-size", "many"), 2, "--hidden-size"),
        (("export", "--no-such-flag"), 2, "--no-such-flag"),
        (("verify", "nowhere"), 4, "nowhere"),
        (("inspect", "nothing"), 3, "nothing"),
        (("compare",), 3, "no bundle"),
        (("evaluate",), 2, "--behaviour"),
        (("evaluate", "nowhere.csv"), 3, "lstm"),
        (("score", "nowhere.csv", "--out", "out.csv"), 3, "nowhere.csv"),
        (("trace", "good", "--model", "nothing"), 3, "nothing"),
    ],
)
def test_a_failure_is_a_line_and_an_object_with_json(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    command = [sys.executable, "-m", "gatescope", *arguments]
    for as_json in (False, True):
        done = subprocess.run(
            [*command, "--json"] if as_json else command, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        if as_json:
            found = json.loads(done.stdout)
            assert said in found["error"] and found["exit_code"] == code
        else:
            assert said in done.stderr and done.stderr.splitlines()[-1].startswith(f"gatescope {arguments[0]}: ")


def test_a_failure_is_no_part_of_what_is_scored_into_a_pipe(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gatescope", "score", "nowhere.csv", "--out", "-", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert json.loads(done.stderr)["exit_code"] == 3


@pytest.mark.parametrize("arguments", [("inspect", "{lstm}"), ("inspect", "{lstm}", "--json"), ("trace", "good")])
def test_a_reader_that_goes_away_ends_a_command_quietly(repository: Path, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    given = [argument.format(lstm=repository / "lstm" / "1") for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "gatescope", *given, "--repository", str(repository)],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert done.stderr == b""


@pytest.mark.parametrize("place", ["lstm", "{repository}/lstm", "{repository}/lstm/1"])
def test_a_bundle_is_inspected_by_name_or_folder(repository: Path, place: str) -> None:
    done = run("inspect", place.format(repository=repository), "--repository", str(repository), "--json")
    assert json.loads(done.stdout)["name"] == "lstm"


def test_a_shell_is_taught_to_complete() -> None:
    command = f"{sys.executable} -m gatescope --show-completion; true"  # it asks which shell it was called from
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "_GATESCOPE_COMPLETE" in done.stdout


def test_the_options_of_a_command_are_completed() -> None:
    words = {"_GATESCOPE_COMPLETE": "complete_bash", "COMP_WORDS": "gatescope export --hidden", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-m", "gatescope"], capture_output=True, text=True, check=False, env={**os.environ, **words}
    )
    assert done.stdout.split() == ["--hidden-size"]
