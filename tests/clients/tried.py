"""How each client is installed, run and named."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

CALLS = Path(__file__).parent / "calls"
PYTHON = ("httpx", "requests", "tritonclient[http]", "huggingface_hub", "openapi-python-client")
OPENAPI_GENERATOR = "openapi-generator-cli"
NODE = ("openapi-typescript@7", "typescript@5", "@types/node@20")
PATIENCE = 900


class Tried(NamedTuple):
    """One call of one client, and what came of it."""

    client: str
    version: str
    call: str
    result: str
    failed: bool = False


class Workshop:
    """Where clients are installed, and the service that they speak to."""

    def __init__(self, folder: Path, root: str) -> None:
        self.folder, self.root = folder, root

    def python(self, *packages: str) -> Path:
        """The programs of an environment with these packages, made when it is first asked for."""
        folder = self.folder / packages[0]
        if not folder.exists():
            self.run(sys.executable, "-m", "venv", folder)
            self.run(folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *packages)
        return folder / "bin"

    @cached_property
    def node(self) -> Path:
        """A folder with the packages of Node."""
        folder = self.folder / "node"
        folder.mkdir()
        self.run("npm", "install", "--silent", "--no-fund", "--no-audit", *NODE, folder=folder)
        return folder

    @cached_property
    def schema(self) -> Path:
        """The OpenAPI document, in a file."""
        file = self.folder / "schema.json"
        urllib.request.urlretrieve(f"{self.root}/schema", file)
        return file

    def run(self, *command: str | Path, folder: Path | None = None) -> str:
        """What a command prints. Raises `CalledProcessError`."""
        done = subprocess.run(
            command, cwd=folder or self.folder, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        return done.stdout

    def tried(self, client: str, version: str, *command: str | Path, folder: Path | None = None) -> Iterator[Tried]:
        """A row for each line that a client prints: the call, a tab, the result. A failure is a row, too."""
        try:
            lines = self.run(*command, self.root, folder=folder).splitlines()
        except subprocess.CalledProcessError as error:
            lines = error.stdout.splitlines()
            yield Tried(client, version, "the next call", f"FAILED: {_last(error.stderr)}", failed=True)
        for line in lines:
            call, _, result = line.partition("\t")
            yield Tried(client, version, f"`{_cell(call)}`", _cell(result))


def _last(text: str) -> str:
    return _cell(text.strip().splitlines()[-1] if text.strip() else "no word")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def _number(text: str) -> str:
    """The first version number of a text."""
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else "?"


def curl(workshop: Workshop) -> Iterator[Tried]:
    """`curl`, also where it offers HTTP/2."""
    return workshop.tried("curl", _number(workshop.run("curl", "--version")), "sh", CALLS / "with_curl.sh")


def mlflow(workshop: Workshop) -> Iterator[Tried]:
    """MLflow, which loads a model that was converted, and asks no service."""
    programs = workshop.python("mlflow-skinny", "pandas", f"{CALLS.parents[2]}[cpu]")
    version, script = _installed(workshop, programs, "mlflow-skinny"), CALLS / "with_mlflow.py"
    return workshop.tried("mlflow", version, programs / "python", script, workshop.folder / "repository")


def in_python(name: str, *packages: str) -> Callable[[Workshop], Iterator[Tried]]:
    """A distribution with a script of its own, `with_NAME.py`, in an environment with `packages`."""

    def tried(workshop: Workshop) -> Iterator[Tried]:
        programs = workshop.python(*packages)
        version = _installed(workshop, programs, name)
        return workshop.tried(name, version, programs / "python", CALLS / f"with_{name}.py")

    return tried


def _installed(workshop: Workshop, programs: Path, name: str) -> str:
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    return workshop.run(programs / "python", "-c", code, name).strip()


def generated(workshop: Workshop) -> Iterator[Tried]:
    """The client that openapi-python-client makes of `/schema`."""
    name, made, programs = "openapi-python-client", workshop.folder / "gatescope_client", workshop.python(*PYTHON)
    said = workshop.run(programs / name, "generate", "--path", workshop.schema, "--meta", "none", "--output-path", made)
    version, warnings = _installed(workshop, programs, name), said.lower().count("warning")
    yield Tried(
        name, version, "`generate`", f"{len(list(made.rglob('*.py')))} files, {warnings} warnings", warnings > 0
    )
    script = workshop.folder / "with_generated.py"
    script.write_text((CALLS / script.name).read_text())
    yield from workshop.tried(name, version, programs / "python", script)


def openapi_generator(workshop: Workshop) -> Iterator[Tried]:
    """The clients that openapi-generator makes of `/schema`, compiled and run."""
    programs, folder = workshop.python(OPENAPI_GENERATOR), workshop.folder / "openapi_generator"
    folder.mkdir()
    jar = next(programs.parent.glob("lib/*/site-packages/openapi_generator_cli/openapi-generator.jar"))
    given = (programs / OPENAPI_GENERATOR, jar, workshop.schema, workshop.node / "node_modules")
    version = _installed(workshop, programs, OPENAPI_GENERATOR)
    return workshop.tried("openapi-generator", version, "sh", CALLS / folder.name / "run.sh", *given, folder=folder)


def typescript(workshop: Workshop) -> Iterator[Tried]:
    """The types that openapi-typescript makes of `/schema`, and a program that uses them."""
    tools = workshop.node / "node_modules" / ".bin"
    workshop.run(tools / "openapi-typescript", workshop.schema, "-o", workshop.node / "schema.d.ts")
    (workshop.node / "with_types.ts").write_text((CALLS / "with_types.ts").read_text())
    package = json.loads((workshop.node / "node_modules" / "openapi-typescript" / "package.json").read_text())
    options = ("--strict", "--target", "es2022", "--module", "commonjs", "--types", "node", "--skipLibCheck", "false")
    workshop.run(tools / "tsc", *options, "with_types.ts", folder=workshop.node)
    yield Tried("openapi-typescript", package["version"], "`tsc --strict`", "compiles")
    yield from workshop.tried("openapi-typescript", package["version"], "node", "with_types.js", folder=workshop.node)


def node(workshop: Workshop) -> Iterator[Tried]:
    """Node's own `fetch` and `WebSocket`: the example."""
    example = CALLS.parents[2] / "examples" / "stream.mjs"
    said = workshop.run("node", "--experimental-websocket", example, workshop.root).splitlines()
    version = _number(workshop.run("node", "--version"))
    yield Tried("Node", version, "`fetch` `/v1/predict`", said[0])
    yield Tried("Node", version, "`WebSocket` `/v1/stream`", f"{len(said) - 2} words, then: {said[-1]}", len(said) < 3)


def jdk(workshop: Workshop) -> Iterator[Tried]:
    """The JDK's `HttpClient`."""
    version = _number(workshop.run("java", "--version"))
    return workshop.tried("JDK `HttpClient`", version, "java", CALLS / "Jdk.java")


def prometheus(workshop: Workshop) -> Iterator[Tried]:
    """Whether Prometheus' own tool finds nothing wrong with a scrape."""
    with urllib.request.urlopen(f"{workshop.root}/metrics") as answer:
        scrape = answer.read().decode()
    command = ("promtool", "check", "metrics")
    done = subprocess.run(command, input=scrape, capture_output=True, text=True, check=False)
    version = _number(subprocess.run(("promtool", "--version"), capture_output=True, text=True, check=True).stdout)
    result = _last(done.stderr) if done.returncode else f"nothing to say of {scrape.count('# TYPE')} metrics"
    yield Tried("Prometheus", version, "`promtool check metrics`", result, done.returncode != 0)


CLIENTS: Mapping[str, Callable[[Workshop], Iterator[Tried]]] = {
    "curl": curl,
    **{name: in_python(name, *PYTHON) for name in ("httpx", "requests", "tritonclient", "huggingface_hub")},
    "kserve": in_python("kserve", "kserve"),
    "mlserver": in_python("mlserver", "mlserver"),
    "mlflow": mlflow,
    "Node": node,
    "JDK `HttpClient`": jdk,
    "Prometheus": prometheus,
    "openapi-python-client": generated,
    "openapi-typescript": typescript,
    "openapi-generator": openapi_generator,
}
"""What tries each client, by its name in the table."""
