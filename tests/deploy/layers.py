"""The instructions of a Dockerfile carried out without a container engine: overlays, `chroot`, and nothing else.

The base image is stood in for by this machine's own root with a Python put at `/usr/local`. What a stage writes lies in
a folder of its own, so its size is that of the image's layers. Needs root, in a mount namespace of its own.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.dockerfile import Stage, context

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CHROOT = "/usr/sbin/chroot"


@dataclass(frozen=True, slots=True)
class Tree:
    """A root folder as its processes see it; `layers` are the folders below it, the newest first."""

    root: Path
    layers: tuple[Path, ...]

    def size(self) -> int:
        """Bytes of all files in the newest layer, as they lie uncompressed on the disk."""
        return sum(path.lstat().st_size for path in self.layers[0].rglob("*") if not path.is_dir())

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], user: str = "0:0", at: str = "/", **how: Any
    ) -> "subprocess.Popen[str]":
        """A process inside the tree, which sees nothing of this process's environment."""
        inside = [CHROOT, f"--userspec={user}", "--groups=", str(self.root), "env", f"--chdir={at}", *command]
        return subprocess.Popen(inside, env=dict(environment), text=True, **how)

    def run(self, command: Sequence[str], environment: Mapping[str, str], at: str = "/") -> int:
        """The exit code of a command of root inside the tree; what it says is not shown, its errors are."""
        return self.start(command, environment, at=at, stdout=subprocess.DEVNULL).wait()


def stack(folder: Path, layers: Sequence[Path], python: Path, *, read_only: bool = False) -> Tree:
    """Lay `layers` over each other in `folder`, a new one on top where the tree may be written to."""
    root, upper, work = (folder / name for name in ("root", "layer", "work"))
    for path in (root, upper, work):
        path.mkdir(parents=True)
    lower = ":".join(map(str, layers))
    writable = [] if read_only else [f"upperdir={upper}", f"workdir={work}"]
    mount("-t", "overlay", "overlay", "-o", ",".join([f"lowerdir={lower}", *writable]), root)
    mount("--bind", "-o", "ro", python, root / "usr" / "local")
    mount("--rbind", "/dev", root / "dev")
    mount("-t", "proc", "proc", root / "proc")
    return Tree(root, tuple(layers) if read_only else (upper, *layers))


def mount(*arguments: str | Path) -> None:
    """`mount`, seen by this process and its children alone."""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def base(folder: Path, python: Path) -> Tree:
    """What stands in for the image that a Dockerfile begins with."""
    tree = stack(folder, [Path("/")], python)
    assert tree.run(["ldconfig"], {"PATH": PATH}) == 0
    return tree


def build(stage: Stage, built: Mapping[str, Tree], source: Path, folder: Path, python: Path) -> Tree:
    """Carry out every instruction of a stage that writes. Raises `RuntimeError` where a command fails."""
    tree = stack(folder, built.get(stage.base, built["base"]).layers, python)
    environment = stage.environment({"PATH": PATH, "HOME": "/root"} | _of_pip())
    at = "/"
    for word, value in stage.instructions:
        match word:
            case "RUN":
                if code := tree.run(["/bin/sh", "-c", value], environment, at=at):
                    raise RuntimeError(f"{value}: ended with {code}")
            case "COPY":
                _copy(value, at, tree, built, source)
            case "WORKDIR":
                at = value
                (tree.root / at.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "VOLUME":
                for place in stage.command("VOLUME"):
                    (tree.root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    return tree


def _copy(value: str, at: str, tree: Tree, built: Mapping[str, Tree], source: Path) -> None:
    *names, target = (word for word in shlex.split(value) if not word.startswith("--"))
    if value.startswith("--from="):
        other = built[value.partition("=")[2].split()[0]]
        shutil.copytree(other.root / names[0].lstrip("/"), tree.root / target.lstrip("/"), symlinks=True)
        return
    to = tree.root / at.lstrip("/")
    for path in (path for name in names for path in context(source, name)):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / path, to / path)


def _of_pip() -> dict[str, str]:
    """How pip is set up here: a build would get that from its own surroundings."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
