"""The servers that are compared: what to install, how to start each in a given set-up, which set-ups to try."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.environments import CHECKOUT, RUNTIME, environment
from tests.benchmarks.fixed import MAX_WORDS
from tests.benchmarks.process import Command
from tests.benchmarks.wire import GATESCOPE, LISTED, OPEN_INFERENCE, PLAIN, Wire

PEERS = CHECKOUT / "tests" / "benchmarks" / "peers"


@dataclass(frozen=True, slots=True)
class Setup:
    """Processes that run the network, ONNX Runtime threads in each, rows a batch (1: no batching), seconds to wait.

    `provider` is what Gatescope computes with.
    """

    workers: int
    threads: int
    batch: int = 1
    delay: float = 0.0
    provider: str = "auto"

    def described(self) -> str:
        """The settings for people."""
        if not self.workers and not self.threads:
            return "as it comes" if self.provider == "auto" else f"as it comes, but with `--provider {self.provider}`"
        batching = (
            f"batches of at most {self.batch}, waits {1000 * self.delay:g} ms" if self.batch > 1 else "no batches"
        )
        return f"{self.workers} x {self.threads} threads, {batching}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie: the folder of the benchmark, the bundle that is served."""

    home: Path
    bundle: Path

    def environment(self, setup: Setup, port: int) -> dict[str, str]:
        """What a peer reads of its set-up."""
        return {
            "BENCH_BUNDLE": str(self.bundle),
            "BENCH_MAX_WORDS": str(MAX_WORDS),
            "BENCH_PORT": str(port),
            "BENCH_WORKERS": str(setup.workers),
            "BENCH_THREADS": str(setup.threads),
            "BENCH_BATCH": str(setup.batch),
            "BENCH_DELAY": str(setup.delay),
        }


Start = Callable[[Place, Path, Setup, int], Command]


@dataclass(frozen=True, slots=True)
class Server:
    """A server; `documented` is the batching that its documentation advises, `others` what else is tried."""

    name: str
    distributions: tuple[str, ...]
    install: tuple[Sequence[str], ...]
    wire: Wire
    start: Start
    documented: Setup
    others: tuple[Setup, ...]

    def binaries(self, home: Path) -> Path:
        """The `bin` of its environment, made where it is missing; Gatescope's is the one that runs the benchmark."""
        return Path(sys.executable).parent if not self.install else environment(home / self.name.lower(), *self.install)


def _fastapi(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    arguments = [binaries / "uvicorn", "tests.benchmarks.peers.fastapi_app:app", "--port", port, "--no-access-log"]
    arguments += ["--workers", setup.workers] if setup.workers > 1 else []
    return Command([*map(str, arguments)], place.home, place.environment(setup, port))


def _litserve(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    arguments = [str(binaries / "python"), "-m", "tests.benchmarks.peers.litserve_app"]
    return Command(arguments, place.home, place.environment(setup, port))


def _bentoml(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    arguments = [binaries / "bentoml", "serve", "bentoml_service:Reviews", "--port", port, "--host", "127.0.0.1"]
    quiet = {"BENTOML_DO_NOT_TRACK": "1", "BENTOML_HOME": str(place.home / "bentoml-home")}
    return Command([*map(str, arguments)], PEERS, place.environment(setup, port) | quiet)


def _mlserver(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    folder = _emptied(place.home / "mlserver-models")
    model = {"name": "reviews", "implementation": "tests.benchmarks.peers.mlserver_runtime.Reviews"}
    batching = {"max_batch_size": setup.batch, "max_batch_time": setup.delay} if setup.batch > 1 else {}
    server = {"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "debug": False}
    (folder / "model-settings.json").write_text(json.dumps(model | batching))
    (folder / "settings.json").write_text(json.dumps(server | {"parallel_workers": setup.workers}))
    return Command([str(binaries / "mlserver"), "start", str(folder)], folder, place.environment(setup, port))


def _triton(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    """Triton out of PyTriton's wheel, with a model repository of its own; the wheel holds a stub for each Python."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shipped = binaries.parent / "lib" / version / "site-packages" / "pytriton" / "tritonserver"
    stub = shipped / "python_backend_stubs" / version.removeprefix("python") / "triton_python_backend_stub"
    shutil.copy2(stub, shipped / "backends" / "python")
    folder = _emptied(place.home / "triton-models")
    (folder / "reviews" / "1").mkdir(parents=True)
    shutil.copy2(PEERS / "triton_model.py", folder / "reviews" / "1" / "model.py")
    (folder / "reviews" / "config.pbtxt").write_text(_triton_config(setup))
    arguments = [shipped / "bin" / "tritonserver", "--model-repository", folder, "--http-port", port]
    arguments += ["--backend-directory", shipped / "backends", "--allow-grpc", "false", "--allow-metrics", "false"]
    libraries = {
        "PATH": f"{binaries}:/usr/bin:/bin",
        "LD_LIBRARY_PATH": str(shipped.parents[1] / "nvidia_pytriton.libs"),
    }
    return Command([*map(str, arguments)], folder, place.environment(setup, port) | libraries)


def _triton_config(setup: Setup) -> str:
    delay = f"max_queue_delay_microseconds: {int(1e6 * setup.delay)}" if setup.delay else ""
    return f"""backend: "python"
max_batch_size: {setup.batch}
input [ {{ name: "text" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [
  {{ name: "label" data_type: TYPE_STRING dims: [ 1 ] }},
  {{ name: "probabilities" data_type: TYPE_FP32 dims: [ 2 ] }},
  {{ name: "words" data_type: TYPE_INT32 dims: [ 1 ] }}
]
instance_group [ {{ kind: KIND_CPU count: {setup.workers} }} ]
{f"dynamic_batching {{ {delay} }}" if setup.batch > 1 else ""}
"""


def _gatescope(place: Place, binaries: Path, setup: Setup, port: int) -> Command:
    arguments = [binaries / "python", "-m", "gatescope", "serve", "--repository", place.bundle.parents[1]]
    arguments += ["--port", port]
    return Command(
        [*map(str, arguments)], CHECKOUT, {"GATESCOPE_MAX_WORDS": str(MAX_WORDS), "GATESCOPE_PROVIDER": setup.provider}
    )


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


CORES = len(os.sched_getaffinity(0))
UNBATCHED = (Setup(1, CORES), Setup(CORES, 1))


def _batched(*batches: int, delay: float = 0.0) -> tuple[Setup, ...]:
    """Batches in one process with all threads, and in a process a core."""
    return tuple(
        Setup(workers, threads, batch, delay) for batch in batches for workers, threads in ((1, CORES), (CORES, 1))
    )


GATESCOPE_SERVER = Server(
    "Gatescope", ("litestar", "uvicorn", "onnxruntime", "numpy"), (), GATESCOPE, _gatescope, Setup(0, 0), ()
)
IN_ONNX_RUNTIME = Setup(0, 0, provider="onnxruntime")
PEER_SERVERS = (
    Server(
        "Triton",
        ("nvidia-pytriton", "onnxruntime", "numpy"),
        (["nvidia-pytriton==0.5.10", RUNTIME],),
        OPEN_INFERENCE,
        _triton,
        documented=Setup(1, CORES, 32),
        others=(*UNBATCHED, *_batched(4, 16)),
    ),
    Server(
        "FastAPI",
        ("fastapi", "uvicorn", "uvloop", "onnxruntime", "numpy"),
        (["fastapi", "uvicorn[standard]", RUNTIME],),
        PLAIN,
        _fastapi,
        documented=Setup(1, CORES),
        others=(Setup(1, 1), Setup(CORES, 1), Setup(CORES, CORES)),
    ),
    Server(
        "LitServe",
        ("litserve", "uvicorn", "uvloop", "onnxruntime", "numpy"),
        (["litserve==0.2.19", RUNTIME],),
        PLAIN,
        _litserve,
        documented=Setup(1, CORES, 8, 0.05),
        others=(*UNBATCHED, *_batched(4, 32, delay=0.005)),
    ),
    Server(
        "BentoML",
        ("bentoml", "uvicorn", "onnxruntime", "numpy"),
        (["-r", str(PEERS / "bentoml.txt"), RUNTIME], ["--no-deps", "bentoml==1.4.40"]),
        LISTED,
        _bentoml,
        documented=Setup(1, CORES, 32, 1.0),
        others=(*UNBATCHED, *_batched(4, 16, delay=1.0)),
    ),
    Server(
        "MLServer",
        ("mlserver", "uvicorn", "uvloop", "onnxruntime", "numpy"),
        (["mlserver==1.7.1", "uvloop<0.22", RUNTIME],),
        OPEN_INFERENCE,
        _mlserver,
        documented=Setup(1, CORES, 32, 0.01),
        others=(*UNBATCHED, Setup(0, CORES), *_batched(4, 16, delay=0.005)),
    ),
)
"""Documented set-ups follow: Triton's `dynamic_batching {}`, which batches whatever waits; LitServe's examples (8 rows,
50 ms); BentoML's `batchable` example (32 rows, 1 s of latency allowed); MLServer's adaptive batching, for which its
pages name no figures. FastAPI has no batching: one process with its thread pool."""
