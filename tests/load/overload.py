"""Clients that ask for far more than there is capacity for, and that retry at once when they are refused."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
import uvloop

Result = TypeVar("Result")

PATIENT = 20
"""Most clients, and one of so many, that wait as long as `Retry-After` says: they tell how long a refusal takes."""


@dataclass
class Load:
    """What many connections got, and in seconds: refusals of patient clients, answers of liveness, and `recovery`, the
    time after the end until a short text was answered within `QUICK`.
    """

    seconds: float
    connections: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    refusals: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    recovery: float = 0.0

    @property
    def goodput(self) -> float:
        """Answers a second."""
        return self.statuses["200"] / self.seconds

    def __str__(self) -> str:
        counted = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        refused = f"{_ms(self.refusals, 99)} (p50 {_ms(self.refusals, 50)})" if self.refusals else "none"
        return (
            f"{self.connections:5} connections  {self.goodput:7.1f} answers/s ({counted})  refusals p99 {refused}"
            f", Retry-After {sorted(set(self.retry_after))}  health p99 {_ms(self.health, 99)}, "
            f"at most {_ms(self.health, 100)}  recovery {self.recovery:.2f} s"
        )


def _ms(seconds: list[float], percent: float) -> str:
    return f"{1000 * float(np.percentile(seconds, percent)):.1f} ms"


def request(path: str, body: object) -> bytes:
    """A POST of JSON, as bytes."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    )
    return f"{head}\r\n\r\n".encode() + content


HEALTH = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
SHORT = request("/v1/predict", {"text": "a great film"})
QUICK = 0.05


def overload(port: int, sent: bytes, connections: int, seconds: float) -> Load:
    """Send one request after another on every connection, whatever comes back; all go away at the end.

    Those who measure how long refusals and liveness take run in a process of their own.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        hasty = pool.submit(_run, _send_hastily, port, sent, connections, seconds)
        load: Load = _run(_watch, port, sent, min(PATIENT, connections // PATIENT), seconds)
        statuses, load.recovery = hasty.result()
    load.connections, load.statuses = connections, load.statuses + statuses
    return load


def _run(work: Callable[..., Coroutine[Any, Any, Result]], *arguments: Any) -> Result:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work(*arguments))


async def _send_hastily(port: int, sent: bytes, connections: int, seconds: float) -> tuple[Counter[str], float]:
    """What all connections got, and the seconds until the service was as before once they had gone."""
    statuses: Counter[str] = Counter()
    await _for(seconds, [_hasty(port, sent, statuses) for _ in range(connections)])
    return statuses, await _recovery(port)


async def _watch(port: int, sent: bytes, patient: int, seconds: float) -> Load:
    load = Load(seconds)
    await _for(seconds, [_watch_health(port, load), *(_patient(port, sent, load) for _ in range(patient))])
    return load


async def _for(seconds: float, clients: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run clients for so long; one that fails ends all."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for client in clients:
                group.create_task(client)


async def _hasty(port: int, sent: bytes, statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            writer.write(sent)
            status, _ = await _answer(reader)
            statuses[status] += 1
    finally:
        writer.close()


async def _patient(port: int, sent: bytes, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            started = time.monotonic()
            writer.write(sent)
            status, wait = await _answer(reader)
            load.statuses[status] += 1
            if status == "429":
                load.refusals.append(time.monotonic() - started)
                load.retry_after.append(wait)
                await asyncio.sleep(wait)
    finally:
        writer.close()


async def _watch_health(port: int, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            load.health.append(await _timed(reader, writer, HEALTH))
            await asyncio.sleep(0.02)
    finally:
        writer.close()


async def _recovery(port: int) -> float:
    """Seconds until a short text is answered quickly."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    while await _timed(reader, writer, SHORT) > QUICK:
        pass
    writer.close()
    return time.monotonic() - began


async def _timed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> float:
    """Seconds until the answer, which must be a 200."""
    started = time.monotonic()
    writer.write(sent)
    status, _ = await _answer(reader)
    assert status == "200", status
    return time.monotonic() - started


async def _answer(reader: asyncio.StreamReader) -> tuple[str, int]:
    """The status of one answer, which is read to its end, and its `Retry-After`."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    await reader.readexactly(int(fields[b"content-length"]))
    return head.split()[1].decode(), int(fields.get(b"retry-after", 0))
