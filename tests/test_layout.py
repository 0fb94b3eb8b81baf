"""The parts depend on each other one way: export -> models <- service, and only training needs torch."""

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported(file: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("models", {"export", "service"}), ("service", {"export", "torch"}), ("export", {"service"})],
)
def test_imports_go_one_way(package: str, forbidden: set[str]) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    wrong = {str(file): found for file in files if (found := imported(file) & forbidden)}
    assert not wrong


SHARED = {"errors", "settings", "cores"}
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "settings": set(),
    "cores": set(),
    "engine": set(),
    "metrics": set(),
    "inference": {"engine", "metrics"},
    "tracing": {"inference", "engine", "metrics"},
    "score": {"inference"},
    "api": {"inference", "tracing", "engine", "metrics"},
    "process": {"api", "metrics"},
}
"""The rooms of the service, each with those that it may import from."""


def test_inside_the_service_imports_go_one_way() -> None:
    files = sorted((ROOT / "service").rglob("*.py"))
    found: dict[str, set[str]] = {room: set() for room in BELOW}
    for file in files:
        room = file.relative_to(ROOT / "service").parts[0].removesuffix(".py")
        if room != "__init__":
            found[room] |= rooms(file) - {room}
    assert found["process"] >= {"api"}
    assert not {room: wrong for room, others in found.items() if (wrong := others - BELOW[room] - SHARED)}


def rooms(file: Path) -> set[str]:
    """The rooms of the service that a file imports from."""
    tree = ast.walk(ast.parse(file.read_text()))
    modules = {node.module for node in tree if isinstance(node, ast.ImportFrom) and node.module}
    return {module.split(".")[1] for module in modules if module.startswith("service.")}


def test_below_the_api_nothing_knows_http() -> None:
    for room in set(BELOW) - {"api", "process"}:
        place = ROOT / "service" / room
        for file in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            assert not imported(file) & {"litestar", "uvicorn", "starlette", "http"} - ALLOWED.get(room, set()), file


ALLOWED = {"score": {"http"}}
"""`gatescope score --remote` is a client of a service."""


def test_a_class_name_has_one_meaning() -> None:
    names = Counter(
        node.name
        for package in ("models", "export", "service", "gatescope")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_only_the_networks_know_torch() -> None:
    with_torch = {file.name for file in (ROOT / "models").rglob("*.py") if "torch" in imported(file)}
    assert with_torch == {"torch_network.py"}


@pytest.mark.parametrize("package", ["models", "service"])
def test_importing_everything_pulls_no_torch_in(package: str) -> None:
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / package).rglob("*.py")
        if file.name not in {"torch_network.py", "__init__.py"}
    ]
    assert modules
    code = f"import {', '.join(modules)}, sys; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize("module", ["models.network.session", "models.network.onnx_graph"])
def test_onnx_runtime_does_not_report_to_its_makers(module: str, tmp_path: Path) -> None:
    """Where it does, it leaves a device's id and a queue of events in the user's cache."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment, cwd=ROOT)
    assert not list(tmp_path.rglob("*"))
