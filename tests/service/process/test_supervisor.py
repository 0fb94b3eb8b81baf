"""Several worker processes as one service: real processes, real signals."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.service.conftest import until


@dataclass(frozen=True)
class Serving:
    """A service of several processes, started as its users start it."""

    process: subprocess.Popen[str]
    root: str
    folder: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.root, timeout=20)

    def workers(self) -> set[int]:
        """The process ids of the workers, none of which is a zombie."""
        found = set()
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    found.add(int(stat.parent.name))
        return found

    def ask(self, path: str, **json: object) -> httpx.Response:
        """On a connection of its own."""
        with self.client() as client:
            return client.post(path, json=json) if json else client.get(path)


@contextlib.contextmanager
def serving(repository: Path, folder: Path, **environment: str) -> Iterator[Serving]:
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "gatescope", "serve", "--port", "0", "--workers", "2"],
        cwd=folder,
        env={**os.environ, "GATESCOPE_REPOSITORY": str(repository), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        root = next((line.split()[1] for line in process.stdout if line.startswith("  open")), None)
        assert root is not None, f"it ended with {process.wait(20)}"
        yield Serving(process, root.rstrip("/"), folder)
    finally:
        process.terminate()
        with process.stdout:
            assert process.wait(30) is not None


@pytest.fixture(scope="module")
def service(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Two workers, a repository of their own, started where folders named like the packages lie."""
    folder = tmp_path_factory.mktemp("trap")
    for name in ("models", "service", "export"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('imported from the working directory')")
    copy = folder / "repository"
    shutil.copytree(repository, copy)
    with serving(copy, folder) as found:
        yield found


def held(service: Serving) -> list[int]:
    """How many connections each worker holds."""
    port = int(service.root.rpartition(":")[2])
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{fields[9]}]" for fields in table if int(fields[1].split(":")[1], 16) == port}
    files = [[str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()] for pid in service.workers()]
    return sorted(len(sockets.intersection(names)) for names in files)


def test_connections_are_dealt_out_evenly(service: Serving) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            client = stack.enter_context(service.client())
            assert client.get("/health/ready").status_code == 200
        assert held(service) == [6, 6]


def test_connections_that_are_closed_no_longer_count(service: Serving) -> None:
    for _ in range(4):
        until(lambda: held(service) == [0, 0])
        with contextlib.ExitStack() as stack:
            for _ in range(12):
                assert stack.enter_context(service.client()).get("/health/ready").status_code == 200
            assert held(service) == [6, 6]


def test_no_connection_is_lost_while_no_worker_takes_any(service: Serving) -> None:
    port = int(service.root.rpartition(":")[2])
    workers = service.workers()
    with contextlib.ExitStack() as stack:
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        try:
            clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(900)]
            for client in clients:
                client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            time.sleep(0.5)  # the supervisor hands over as many as the workers' sockets hold
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
        assert {client.recv(15) for client in clients} == {b"HTTP/1.1 200 OK"}


def test_a_change_is_made_in_every_worker_before_it_is_answered(service: Serving) -> None:
    assert service.ask("/v2/repository/models/gru/unload", parameters={}).status_code == 200
    statuses = {service.ask("/v1/predict", text="good", model="gru").status_code for _ in range(8)}
    assert statuses == {404}
    assert service.ask("/v2/repository/models/gru/load", parameters={}).status_code == 200
    statuses = {service.ask("/v1/predict", text="good", model="gru").status_code for _ in range(8)}
    assert statuses == {200}


def test_a_change_that_cannot_be_made_says_why(service: Serving) -> None:
    answer = service.ask("/v2/repository/models/nothing/load", parameters={})
    assert answer.status_code == 404
    assert "nothing" in answer.json()["error"]


def gauge(service: Serving, name: str) -> float:
    """The value of a metric without labels."""
    lines = service.ask("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def test_metrics_add_up_over_workers(service: Serving) -> None:
    def answered() -> float:
        lines = service.ask("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("gatescope_predictions_total{"))

    time.sleep(1)  # what earlier tests asked is in the workers' files by then
    before = answered()
    for _ in range(10):
        assert service.ask("/v1/predict", text="not bad").status_code == 200
    until(lambda: answered() == before + 10)


def test_a_worker_that_dies_is_replaced_while_the_other_serves(service: Serving) -> None:
    service.ask("/v2/repository/models/rnn/unload", parameters={})
    before = service.workers()
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(service.workers() - before) == 1 and len(service.workers()) == 2)
    seen = set()

    def complete() -> bool:
        seen.add(gauge(service, "gatescope_ready"))
        return gauge(service, "gatescope_ready_workers") == 2

    until(complete)
    assert seen == {1.0}  # while the new one was loading, too

    def even() -> bool:  # both take connections again
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                assert stack.enter_context(service.client()).get("/health/ready").status_code == 200
            return held(service) == [2, 2]

    until(even)
    # what was changed before it started holds in the new one
    assert {service.ask("/v1/predict", text="good", model="rnn").status_code for _ in range(8)} == {404}


@pytest.fixture
def changing(repository: Path, tmp_path: Path) -> Iterator[Serving]:
    """Two workers and a repository of their own, which may be changed."""
    copy = tmp_path / "repository"
    shutil.copytree(repository / "lstm", copy / "lstm")
    shutil.copytree(repository / "gru", copy / "gru")
    with serving(copy, tmp_path / "run", GATESCOPE_LOAD_TIMEOUT="5") as found:
        yield found


def add_version(service: Serving, name: str, number: int) -> Path:
    """Put a copy of version 1 into the repository under another number."""
    folder = service.folder.parent / "repository" / name
    aside = service.folder / "aside"
    shutil.copytree(folder / "1", aside)
    manifest = json.loads((aside / "manifest.json").read_text())
    (aside / "manifest.json").write_text(json.dumps(manifest | {"version": number}))
    return aside.rename(folder / str(number))


def versions(service: Serving, name: str, **asked: str) -> set[int]:
    """The versions that connections to any worker find, 0 where the model is not served."""
    answers = [service.ask("/v1/predict", text="good", model=name, **asked).json() for _ in range(8)]
    return {int(answer.get("version", 0)) for answer in answers}


def all_ready(service: Serving) -> bool:
    """Whether both workers serve."""
    return gauge(service, "gatescope_ready_workers") == 2 and len(service.workers()) == 2


def test_a_worker_that_dies_after_a_load_is_replaced_by_one_that_serves_the_same(changing: Serving) -> None:
    """The newest version is not what was asked for: the new worker must not choose it."""
    add_version(changing, "lstm", 2)
    add_version(changing, "lstm", 3)
    assert changing.ask("/v2/repository/models/lstm/load", parameters={"version": 2}).status_code == 200
    assert versions(changing, "lstm") == {2}
    before = changing.workers()
    (changing.folder.parent / "repository" / "lstm" / "aliases.json").write_text('{"stable": 2}')
    assert changing.ask("/v2/repository/models/lstm/load", parameters={"version": 1}).status_code == 200
    time.sleep(0.02)
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(changing.workers() - before) == 1)
    assert versions(changing, "lstm") == {1}
    until(lambda: all_ready(changing))
    assert (versions(changing, "lstm"), versions(changing, "lstm", version="stable")) == ({1}, {2})


def test_a_worker_that_dies_is_not_replaced_by_one_with_other_content_under_the_same_number(changing: Serving) -> None:
    """The new worker does not become ready, and the other answers for both, until the content is there again."""
    manifest = changing.folder.parent / "repository" / "lstm" / "1" / "manifest.json"
    before, workers = manifest.read_bytes(), changing.workers()
    manifest.write_bytes(before + b"\n")
    os.kill(min(workers), signal.SIGKILL)
    until(lambda: "can't load what the others serve" in changing.ask("/health/ready").json()["reason"])
    assert versions(changing, "lstm") == {1}
    manifest.write_bytes(before)
    until(lambda: all_ready(changing))


def test_what_is_unloaded_while_a_worker_starts_is_not_served_by_it(changing: Serving) -> None:
    before = changing.workers()
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(changing.workers() - before) == 1)
    assert changing.ask("/v2/repository/models/gru/unload", parameters={}).status_code == 200
    assert versions(changing, "gru") == {0}
    until(lambda: all_ready(changing))
    assert versions(changing, "gru") == {0}


def test_a_load_that_never_returns_ends_and_holds_nobody_up(changing: Serving) -> None:
    endless = add_version(changing, "lstm", 2)
    (endless / "step.onnx").unlink()
    os.mkfifo(endless / "step.onnx")
    assert changing.ask("/v2/repository/models/lstm/load", parameters={"version": 2}).status_code == 409
    assert changing.ask("/health/ready").status_code == 200
    assert changing.ask("/v2/repository/models/gru/unload", parameters={}).status_code == 200
    assert versions(changing, "lstm") == {1}


def test_a_load_that_fails_or_a_folder_that_is_gone_leaves_readiness_as_it_was(changing: Serving) -> None:
    broken = add_version(changing, "lstm", 2)
    (broken / "weights.safetensors").write_bytes(b"")
    (changing.folder.parent / "repository" / "new").mkdir()
    (changing.folder.parent / "repository" / "new" / "1").mkdir()
    for name, version in (("lstm", 2), ("new", 1)):
        parameters = {"version": version}
        assert changing.ask(f"/v2/repository/models/{name}/load", parameters=parameters).status_code == 409
    shutil.rmtree(changing.folder.parent / "repository" / "gru")
    assert {changing.ask("/health/ready").status_code for _ in range(4)} == {200}
    assert versions(changing, "gru") == {1}


def test_every_worker_follows_the_repository(repository: Path, tmp_path: Path) -> None:
    copy = tmp_path / "repository"
    shutil.copytree(repository / "lstm", copy / "lstm")
    with serving(copy, tmp_path / "run", GATESCOPE_FOLLOW_SECONDS="0.2") as service:
        add_version(service, "lstm", 2)
        until(lambda: versions(service, "lstm") == {2})
        (service.folder / "wanted").write_text('{"lstm": [1]}')
        (service.folder / "wanted").rename(copy / "wanted.json")
        until(lambda: versions(service, "lstm") == {1})
        before = service.workers()
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(service.workers() - before) == 1 and all_ready(service))
        assert versions(service, "lstm") == {1}


def test_an_open_stream_does_not_hold_up_a_change(changing: Serving) -> None:
    port = int(changing.root.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 30) as stream:
        stream.sendall(
            b"POST /v1/batch?model=lstm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b'Transfer-Encoding: chunked\r\n\r\n7\r\n"good"\n\r\n'
        )
        assert stream.recv(15) == b"HTTP/1.1 200 OK"
        assert changing.ask("/v2/repository/models/lstm/unload", parameters={}).status_code == 200
        assert changing.ask("/v2/repository/models/lstm/load", parameters={}).status_code == 200
        assert versions(changing, "lstm") == {1}


def test_workers_end_with_their_supervisor_and_the_port_is_free(repository: Path, tmp_path: Path) -> None:
    with serving(repository, tmp_path) as service:
        workers = service.workers()
        service.process.kill()
        service.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        with socket.create_server(("127.0.0.1", int(service.root.rpartition(":")[2]))):
            pass


def test_a_stop_signal_loses_no_accepted_request(repository: Path, tmp_path: Path) -> None:
    statuses: list[int] = []
    refused = threading.Event()

    def send(service: Serving) -> None:
        with service.client() as client:
            while True:
                try:
                    statuses.append(client.post("/v1/predict", json={"text": "an amazing film " * 300}).status_code)
                except httpx.ConnectError:
                    refused.set()
                    return
                except httpx.RemoteProtocolError:  # an idle connection was closed before this request was read
                    continue

    with serving(repository, tmp_path, GATESCOPE_DRAIN_DELAY="2") as service:
        senders = [threading.Thread(target=send, args=(service,)) for _ in range(6)]
        for sender in senders:
            sender.start()
        until(lambda: len(statuses) > 50)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: service.ask("/health/ready").status_code == 503)
        assert service.ask("/health/live").status_code == 200
        for sender in senders:
            sender.join(30)
        assert service.process.wait(30) == 0
    assert set(statuses) <= {200, 503}
    assert refused.is_set()


def test_a_service_that_cannot_start_ends_with_an_error(repository: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="it ended with 2"),
        serving(repository, tmp_path, GATESCOPE_PROVIDER="cuda"),
    ):
        pass
