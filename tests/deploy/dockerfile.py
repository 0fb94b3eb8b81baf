"""A Dockerfile as its stages and their instructions, and which files `.dockerignore` lets into its context."""

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from string import Template


@dataclass(frozen=True, slots=True)
class Stage:
    """From one `FROM` to the next. `base` is an image, or the name of an earlier stage."""

    base: str
    name: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def last(self, word: str) -> str:
        """The value of the instruction that holds: the last of its kind. Raises `LookupError`."""
        return next(value for name, value in reversed(self.instructions) if name == word)

    def command(self, word: str) -> list[str]:
        """The arguments of `ENTRYPOINT`, `CMD` or `HEALTHCHECK ... CMD` in its JSON form."""
        found: list[str] = json.loads(re.sub(r"^.*?(?=\[)", "", self.last(word)))
        return found

    def environment(self, before: dict[str, str]) -> dict[str, str]:
        """`before`, and what the `ENV` lines add to it."""
        found = dict(before)
        for word, value in self.instructions:
            if word == "ENV":
                pairs = (pair.partition("=") for pair in shlex.split(Template(value).substitute(found)))
                found |= {name: given for name, _, given in pairs}
        return found


def read(path: Path) -> list[Stage]:
    """The stages of a Dockerfile, in their order."""
    content = re.sub(r"^\s*#.*\n", "", path.read_text(), flags=re.M).replace("\\\n", " ")
    stages: list[Stage] = []
    for line in filter(str.strip, content.splitlines()):
        word, _, value = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = value.partition(" AS ")
            stages.append(Stage(base, name or str(len(stages))))
        else:
            stages[-1].instructions.append((word, value.strip()))
    return stages


def context(root: Path, source: str) -> list[Path]:
    """The files under `root / source`, as paths from `root`, that `.dockerignore` does not keep out."""
    patterns = (root / ".dockerignore").read_text().split()
    top = root / source
    files = [top] if top.is_file() else [path for path in sorted(top.rglob("*")) if path.is_file()]
    return [path.relative_to(root) for path in files if _is_let_in(path.relative_to(root), patterns)]


def _is_let_in(path: Path, patterns: list[str]) -> bool:
    """The last pattern that fits the path, or a folder that it lies in, decides; `**/x` is an x at any depth."""
    let_in = True
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        if any(_fits(place, bare) for place in (path, *path.parents)):
            let_in = pattern.startswith("!")
    return let_in


def _fits(path: PurePath, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.name, pattern[3:])
    return path != PurePath() and fnmatchcase(str(path), pattern)
