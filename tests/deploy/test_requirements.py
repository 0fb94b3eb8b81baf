"""The images' locked requirements: all that pyproject.toml asks for, each file with its hash, from no given index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "deploy" / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"serve": ["cpu"], "serve-cuda": ["gpu"], "export": ["cpu", "export"]}


def locked(name: str) -> dict[str, list[str]]:
    """The versions of a lock file by package; a package has several where they depend on the Python."""
    versions: dict[str, list[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([\w.]+)", (LOCKS / f"{name}.txt").read_text(), re.M):
        versions.setdefault(package, []).append(version)
    return versions


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_holds_what_the_project_asks_for(name: str) -> None:
    wanted = [
        *PROJECT["dependencies"],
        *(one for extra in EXTRAS[name] for one in PROJECT["optional-dependencies"][extra]),
    ]
    versions = locked(name)
    for requirement in map(Requirement, wanted):
        if requirement.name != "torch":  # the export image's Dockerfile takes its CPU build
            assert versions[requirement.name], requirement
            assert all(version in requirement.specifier for version in versions[requirement.name]), requirement


def test_the_export_image_has_a_torch_that_the_project_allows() -> None:
    (version,) = re.findall(r"torch==([\w.]+)", (ROOT / "deploy" / "Dockerfile.export").read_text())
    (wanted,) = (one for one in map(Requirement, PROJECT["optional-dependencies"]["export"]) if one.name == "torch")
    assert version in wanted.specifier


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_requirement_has_its_hash_and_no_index(path: Path) -> None:
    entries = re.split(r"\n(?=\w)", path.read_text().strip())
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in path.read_text()
