"""Clients that ask for far more than there is capacity for, and that retry at once when they are refused."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Load:
    """What many connections got; `slowest_health` is the longest that liveness took, in seconds."""

    connections: int
    seconds: float
    statuses: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    slowest_health: float = 0.0

    @property
    def goodput(self) -> float:
        """Answers a second, without those that came after the end."""
        return self.in_time / self.seconds

    def __str__(self) -> str:
        counted = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.connections:5} connections  {self.goodput:8.1f} answers/s  "
            f"health at most {1000 * self.slowest_health:.0f} ms  ({counted})"
        )


def request(path: str, body: object) -> bytes:
    """A POST of JSON, as bytes."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    )
    return f"{head}\r\n\r\n".encode() + content


async def overload(port: int, sent: bytes, connections: int, seconds: float) -> Load:
    """Send one request after another on every connection, whatever comes back."""
    load = Load(connections, seconds)
    end = time.monotonic() + seconds
    health = asyncio.create_task(_watch_health(port, load))
    clients = [asyncio.create_task(_client(port, sent, end, load)) for _ in range(connections)]
    await asyncio.gather(*clients)
    health.cancel()
    await asyncio.gather(health, return_exceptions=True)
    return load


async def _client(port: int, sent: bytes, end: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < end:
        writer.write(sent)
        status = await _answer(reader)
        load.statuses[status] += 1
        load.in_time += status == "200" and time.monotonic() < end
    writer.close()


async def _watch_health(port: int, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        started = time.monotonic()
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await _answer(reader) == "200"
        load.slowest_health = max(load.slowest_health, time.monotonic() - started)
        await asyncio.sleep(0.1)


async def _answer(reader: asyncio.StreamReader) -> str:
    """The status of one answer, which is read to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length))
    return head.split()[1].decode()
