"""What the images' stages do, where no container engine is: their own commands, carried out and tried.

    sudo .venv/bin/python -m tests.deploy.stages [--python PREFIX] [--repository FOLDER] [--export]

Builds `deploy/Dockerfile` on overlays of this machine's root, from the files that the build context has and no others,
and serves from the result as the image would: its user, its settings, a root that can't be written to, an empty `/tmp`.
With `--export` the models come from `deploy/Dockerfile.export`, which trains them. Takes a minute or two. Needs Linux,
root, port 8000, and a Python of the base image's version (`--python` is the folder that has its `bin`). Exits with 1
where a check fails.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.process import Running
from tests.deploy.dockerfile import Stage, read
from tests.deploy.layers import PATH, Tree, base, build, mount, stack

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PORT = 8000
ADDRESS = f"http://127.0.0.1:{PORT}"
BASE_IMAGE = 124.3e6
"""All layers of python:3.12.13-slim-bookworm for amd64, uncompressed: docker-library/repo-info, August 2026."""
MOST_IMAGE, MOST_MEMORY, MOST_SECONDS = 400e6, 400e6, 3.0
PATIENCE = 30


def main() -> int:
    """Build and try in namespaces of their own, so that nothing is left mounted when the folder is removed."""
    parser = argparse.ArgumentParser("python -m tests.deploy.stages")
    parser.add_argument("--python", type=Path, default=Path(sys.base_prefix), help="stands in for the base's Python")
    parser.add_argument("--repository", type=Path, default=ROOT / "repository", help="models to serve")
    parser.add_argument("--export", action="store_true", help="let the export image train them")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return inside(given)
    with TemporaryDirectory() as folder:
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command = [sys.executable, "-m", "tests.deploy.stages", *sys.argv[1:], "--inside", folder]
        return subprocess.run([*alone, *command], check=False).returncode


def inside(given: argparse.Namespace) -> int:
    """Everything, in the folder `given.inside`."""
    folder, python = given.inside, given.python.resolve()
    mount("-t", "tmpfs", "tmpfs", folder)  # layers that lie in the root that they are laid over are refused
    built = {"base": base(folder / "base", python)}
    repository = export(folder, python, built["base"]) if given.export else given.repository.resolve()
    *_, (stage, tree) = carry_out("Dockerfile", folder, python, built)
    report(tree)
    served = stack(folder / "served", tree.layers, python, read_only=True)
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", served.root / "tmp")
    mount("--bind", "-o", "ro", repository, served.root / "repository")
    checks = Checks()
    checks("image with its base, bytes", tree.size() + BASE_IMAGE, at_most=MOST_IMAGE)
    try_out(Container(served, stage), checks)
    return checks.failed


def carry_out(name: str, folder: Path, python: Path, built: dict[str, Tree]) -> list[tuple[Stage, Tree]]:
    """Every stage of a Dockerfile with what it made."""
    stages = read(DEPLOY / name)
    for stage in stages:
        started = time.monotonic()
        built[stage.name] = build(stage, built, ROOT, folder / name / stage.name, python)
        seconds = time.monotonic() - started
        print(f"{name}, stage {stage.name}: {seconds:.0f} s; {python.name} stands in for {stage.base}", flush=True)
    return [(stage, built[stage.name]) for stage in stages]


def export(folder: Path, python: Path, below: Tree) -> Path:
    """The repository that the export image writes."""
    ((stage, tree),) = carry_out("Dockerfile.export", folder, python, {"base": below})
    report(tree)
    container = Container(tree, stage)
    assert container.start(container.command).wait() == 0, "the export image failed"
    return tree.root / "repository"


def report(tree: Tree) -> None:
    """What the layers hold, the largest first."""
    print(f"layers: {tree.size() / 1e6:.1f} MB")
    (packages,) = tree.layers[0].glob("opt/gatescope/lib/python*/site-packages")
    sizes = {path.name: sum(file.lstat().st_size for file in path.rglob("*")) for path in packages.iterdir()}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True)[:8]:
        print(f"  {sizes[name] / 1e6:6.1f} MB  {name}")


class Container:
    """A tree run as its image says: user, settings, working folder, command."""

    def __init__(self, tree: Tree, stage: Stage) -> None:
        self._tree, self._user, self._at = tree, stage.last("USER"), stage.last("WORKDIR")
        self._environment = stage.environment({"PATH": PATH, "HOME": self._at, "GATESCOPE_ALLOW_OPEN": "true"})
        self.stage = stage
        self.command = stage.command("ENTRYPOINT") + stage.command("CMD")

    def start(self, command: list[str]) -> "subprocess.Popen[str]":
        """A process of the image's user."""
        return self._tree.start(command, self._environment, self._user, self._at, stdout=subprocess.DEVNULL)

    def code(self, command: list[str]) -> int:
        """How a command of the image's user ends."""
        quiet = subprocess.DEVNULL
        return self._tree.start(command, self._environment, self._user, self._at, stdout=quiet, stderr=quiet).wait(
            PATIENCE
        )


class Checks:
    """Prints what was found beside what was promised; `failed` is 1 once a promise is broken."""

    def __init__(self) -> None:
        self.failed = 0

    def __call__(self, what: str, found: float, *, at_most: float | None = None, equal: float = 0) -> None:
        """A number that is at most `at_most`, or else `equal`."""
        kept = found == equal if at_most is None else found <= at_most
        promised = f"{equal:g}" if at_most is None else f"at most {at_most:g}"
        self.failed |= not kept
        print(f"{'ok    ' if kept else 'BROKEN'}  {what}: {found:.4g}, promised {promised}", flush=True)


def try_out(container: Container, checks: Checks) -> None:
    """Serve once to read the code, once to measure, and stop it as the image is stopped."""
    checks("importing torch fails", container.code(["python", "-c", "import torch"]), equal=1)
    checks("writing to the root fails", container.code(["touch", "/opt/gatescope/x"]), equal=1)
    for start in ("first", "second"):
        started = time.monotonic()
        service = container.start(container.command)
        try:
            until(lambda: status("/health/ready") == 200)
            checks(f"seconds to ready, {start} start", time.monotonic() - started, at_most=MOST_SECONDS)
            checks("a prediction", ask({"text": "good"}), equal=200)
            checks("exit code of HEALTHCHECK", container.code(container.stage.command("HEALTHCHECK")))
            checks("resident memory, bytes", Running(service.pid, PORT).memory(), at_most=MOST_MEMORY)
            drain(container, service, checks)
        finally:
            service.kill()


def drain(container: Container, service: "subprocess.Popen[str]", checks: Checks) -> None:
    """The image's stop signal while requests are under way."""
    with ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, {"text": "good " * 2000}) for _ in range(16)]
        time.sleep(0.2)
        service.send_signal(signal.Signals[container.stage.last("STOPSIGNAL")])
        lost = sum(answer.result() not in (200, 503) for answer in asked)
    checks("accepted requests lost at the stop signal", lost)
    checks("exit code after the stop signal", service.wait(PATIENCE))


def ask(body: dict[str, str]) -> int:
    """The status of a prediction."""
    return status("/v1/predict", json.dumps(body).encode())


def status(path: str, body: bytes | None = None) -> int:
    """The status of an answer, 0 where none comes."""
    try:
        with urllib.request.urlopen(urllib.request.Request(ADDRESS + path, body), timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def until(met: Callable[[], bool]) -> None:
    """Wait for something. Raises `TimeoutError`."""
    end = time.monotonic() + PATIENCE
    while not met():
        if time.monotonic() > end:
            raise TimeoutError("the service did not become ready")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
