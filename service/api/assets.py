"""The files of the pages as they are sent: all modules of a page in one script, all its style sheets in one.

The modules stay files of their own in `service/web`, with no build step: a script is put together when it is first
asked for. A page then costs two requests where it would cost forty.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath

WEB = Path(__file__).parents[1] / "web"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SCRIPTS = {
    "explorer.js": "js/main.js",
    "model.js": "js/model/page.js",
    "monitor.js": "js/monitor/main.js",
    "docs.js": "js/docs/main.js",
    "runbook.js": "js/runbook.js",
}
"""The script of each page, and the module that it begins with."""
STYLES = {
    "explorer.css": ("base", "explorer", "review", "figures", "places", "print"),
    "model.css": ("base", "model", "places"),
    "monitor.css": ("base", "monitor"),
    "docs.css": ("base", "docs"),
    "runbook.css": ("base", "runbook"),
}
"""The style sheet of each page, and the files that it is made of, in order."""

_import = re.compile(r'^import (?:\* as (?P<all>\w+)|\{ (?P<some>[^}]+) \}) from "(?P<path>[^"]+)";$', re.MULTILINE)
_export = re.compile(r"^export (?=(?:async function|function|class|const) (?P<name>\w+))", re.MULTILINE)
_lazy = re.compile(r"\bimport\(`\./(?P<folder>\w+)/")


@cache
def assets() -> Mapping[str, bytes]:
    """Return every file that a page may ask for, by its path below `/web`, and the pages themselves."""
    files = {path.relative_to(WEB).as_posix(): path.read_bytes() for path in WEB.rglob("*") if path.suffix in TYPES}
    scripts = {name: script(files, first).encode() for name, first in SCRIPTS.items()}
    styles = {name: b"".join(files[f"css/{part}.css"] for part in parts) for name, parts in STYLES.items()}
    return files | scripts | styles


def script(files: Mapping[str, bytes], first: str) -> str:
    """Return one module that does what the module `first` and all that it imports do.

    Raises `ValueError` for an import or an export that is written in a way that is not understood.
    """
    order: list[str] = []
    _visit(files, first, order)
    parts = [f'modules["{path}"] = {_wrapped(files, path)};\n' for path in order if path != first]
    return f"const modules = {{}};\n{''.join(parts)}await {_wrapped(files, first)};\n"


def _visit(files: Mapping[str, bytes], path: str, order: list[str]) -> None:
    """Add a module to `order`, after all that it imports."""
    if path in order:
        return
    source = files[path].decode()
    for found in _import.finditer(source):
        _visit(files, _resolved(path, found["path"]), order)
    for found in _lazy.finditer(source):
        for other in sorted(files):
            if other.startswith(_resolved(path, f"./{found['folder']}/")):
                _visit(files, other, order)
    order.append(path)


def _wrapped(files: Mapping[str, bytes], path: str) -> str:
    """Return an expression for a module: what it exports; a promise of it where the module waits."""
    source = files[path].decode()
    names = [found["name"] for found in _export.finditer(source)]
    body = _export.sub("", _import.sub(lambda found: _imported(path, found), source))
    body = _lazy.sub(lambda found: f"((path) => modules[path])(`{_resolved(path, './' + found['folder'])}/", body)
    if wrong := re.search(r"^(?:import|export)\b.*", body, re.MULTILINE):
        raise ValueError(f"{path}: {wrong[0]!r} is not understood")
    kind = "async " if re.search(r"^\S.*\bawait\b", body, re.MULTILINE) else ""
    return f"({kind}() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})()"


def _imported(path: str, found: re.Match[str]) -> str:
    what = found["all"] or f"{{ {found['some'].replace(' as ', ': ')} }}"
    return f'const {what} = modules["{_resolved(path, found["path"])}"];'


def _resolved(path: str, relative: str) -> str:
    """Return the path of a module from that of the one that names it."""
    parts: list[str] = []
    for part in (*PurePosixPath(path).parent.parts, *PurePosixPath(relative).parts):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
