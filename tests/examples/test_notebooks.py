"""The notebooks run from top to bottom, and what they end a cell with shows itself."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


def run(cell: str, names: dict[str, Any]) -> Any:
    """Execute a cell and return the value of its last line, where that is an expression, as Jupyter would show it."""
    body = ast.parse(cell).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(notebook: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATESCOPE_REPOSITORY", str(repository))
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    shown = [run("".join(cell["source"]), names) for cell in cells]
    assert all(value is not None for value in shown)
    assert not any(cell["outputs"] for cell in cells), "kept without outputs"


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"first_model", "what_it_remembers"}
