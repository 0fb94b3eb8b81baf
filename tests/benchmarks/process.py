"""Servers as processes: start, wait until they answer, watch what they use, stop. Linux's `/proc` tells the rest."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_LIMIT = 90.0
STOP_LIMIT = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


class NotStarted(RuntimeError):
    """A server that did not come up; the message holds the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started: arguments, working folder, and what is added to the environment."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers; its processes are `root` and all that descend from it."""

    root: int
    port: int

    def memory(self) -> int:
        """Bytes of memory in use, shared pages counted once (proportional set size)."""
        total = 0
        for process in _family(self.root):
            try:
                lines = (process / "smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total * 1024

    def cpu(self) -> float:
        """Seconds of processor time used so far by the processes that are alive."""
        return sum(sum(map(int, fields[11:13])) for fields in map(_fields, _family(self.root)) if fields) / _TICKS


@contextmanager
def running(command: Command, port: int, probe: bytes, log: Path) -> Iterator[Running]:
    """The server while it runs: from its first right answer to `probe`, an HTTP request, until the block is left."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(command.arguments),
            cwd=command.folder,
            env=os.environ | dict(command.environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait(process, port, probe, log)
        yield Running(process.pid, port)
    finally:
        _stop(process)


def free_port() -> int:
    """A port that nobody listens on, like the two after it; below those that outgoing connections get."""
    while True:
        port = random.randrange(10_000, 30_000)
        if all(map(_is_free, range(port, port + 3))):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


def _wait(process: subprocess.Popen[bytes], port: int, probe: bytes, log: Path) -> None:
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit and process.poll() is None:
        if _answers(port, probe):
            return
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    raise NotStarted(f"{' '.join(map(str, process.args[:3]))} did not answer: {tail}")  # type: ignore[index]


def _answers(port: int, probe: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(probe)
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask, then end, the server and every process that it has started: some leave theirs behind."""
    family = _family(process.pid)
    process.send_signal(signal.SIGINT)
    limit = time.monotonic() + STOP_LIMIT
    while process.poll() is None and time.monotonic() < limit:
        time.sleep(0.05)
    for left in family:
        try:
            os.kill(int(left.name), signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def _family(root: int) -> list[Path]:
    """`/proc/PID` of a process and of its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(entry)):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for process in found:
        found += children.get(process, [])
    return [Path("/proc") / str(process) for process in found]


def _fields(process: Path) -> list[str]:
    """The fields of `/proc/PID/stat` after the name: state, parent, ..., user time and system time (11 and 12)."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
