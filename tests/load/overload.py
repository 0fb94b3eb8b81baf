"""Clients that ask for far more than there is capacity for, and that retry at once when they are refused."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
import uvloop

from tests.load.connection import Connection, get, request

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
    statuses: Counter[int] = field(default_factory=Counter)
    refusals: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    recovery: float = 0.0

    @property
    def goodput(self) -> float:
        """Answers a second."""
        return self.statuses[200] / self.seconds

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


HEALTH = get("/health/live")
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


async def _send_hastily(port: int, sent: bytes, connections: int, seconds: float) -> tuple[Counter[int], float]:
    """What all connections got, and the seconds until the service was as before once they had gone."""
    statuses: Counter[int] = Counter()
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


async def _hasty(port: int, sent: bytes, statuses: Counter[int]) -> None:
    async with Connection(port) as connection:
        while True:
            statuses[(await connection.ask(sent)).status] += 1


async def _patient(port: int, sent: bytes, load: Load) -> None:
    async with Connection(port) as connection:
        while True:
            started = time.monotonic()
            answer = await connection.ask(sent)
            load.statuses[answer.status] += 1
            if answer.status == 429:
                load.refusals.append(time.monotonic() - started)
                load.retry_after.append(answer.retry_after)
                await asyncio.sleep(answer.retry_after)


async def _watch_health(port: int, load: Load) -> None:
    async with Connection(port) as connection:
        while True:
            load.health.append(await _timed(connection, HEALTH))
            await asyncio.sleep(0.02)


async def _recovery(port: int) -> float:
    """Seconds until a short text is answered quickly."""
    async with Connection(port) as connection:
        began = time.monotonic()
        while await _timed(connection, SHORT) > QUICK:
            pass
        return time.monotonic() - began


async def _timed(connection: Connection, sent: bytes) -> float:
    """Seconds until the answer, which must be a 200."""
    started = time.monotonic()
    answer = await connection.ask(sent)
    assert answer.status == 200, answer
    return time.monotonic() - started
