"""The wheel, installed beside nothing of this checkout, serves from a folder with packages of the same names."""

import json
import shutil
import site
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.serving import serving

ROOT = Path(__file__).parent.parent
SOURCES = ["pyproject.toml", "setup.py", "README.md", "LICENSE", "gatescope", "models", "export", "service"]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`gatescope`, from the built wheel, in a virtual environment that borrows this one's other packages."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.so"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source)], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (wheel,) = folder.glob("gatescope-*.whl")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "venv" / "bin" / "gatescope"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder whose own `models`, `service` and `export` break whoever imports them."""
    for name in ("models", "service", "export"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('the package of the working folder')")
    return tmp_path


def test_it_brings_the_compiled_loops(command: Path, elsewhere: Path) -> None:
    imports = "from models.network import recurrence; print(recurrence.__file__)"
    found = subprocess.run(
        [command.with_name("python"), "-P", "-c", imports], cwd=elsewhere, check=True, capture_output=True, text=True
    )
    assert Path(found.stdout).is_relative_to(command.parents[1])


@pytest.mark.parametrize("package", ["gatescope", "models", "export", "service"])
def test_its_types_are_for_others_too(command: Path, package: str) -> None:
    (found,) = command.parents[1].glob(f"lib/python*/site-packages/{package}/py.typed")
    assert found.is_file()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_from_a_folder_with_packages_of_the_same_names(
    command: Path, elsewhere: Path, repository: Path, workers: str
) -> None:
    with serving(repository, "--workers", workers, command=[str(command)], folder=elsewhere) as root:
        request = urllib.request.Request(f"{root}/v1/predict", b'{"text": "an amazing plot"}')
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["words"] == 3
        with urllib.request.urlopen(f"{root}/") as page:
            assert b"<html" in page.read()
