"""The load generator: many keep-alive connections in one thread, a few system calls a request.

It shares the cores with the server, so it does nothing else while it runs: requests are bytes made beforehand,
answers are kept as bytes and looked at afterwards. Closed loop: every connection sends its next request when the
last was answered. Open loop: requests fall due at random moments, whether the server keeps up or not, and latency
counts from the moment when a request was due.
"""

import gc
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

MOST_CONNECTIONS = 512
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answered request: which of the texts, when it was due and answered (seconds), status and body."""

    index: int
    due: float
    done: float
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of the generator saw between `start` and `end`; `cpu` is the generator's own processor time."""

    start: float
    end: float
    replies: tuple[Reply, ...]
    errors: Counter[str]
    cpu: float

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return sum(reply.done <= self.end for reply in self.replies) / (self.end - self.start)

    @property
    def latencies(self) -> np.ndarray:
        """Seconds from the moment a request was due to its answer, of those due in time."""
        return np.array([reply.done - reply.due for reply in self.replies])


class _Connection:
    """A socket, what has come in on it so far, and the request that is under way."""

    __slots__ = ("buffer", "due", "index", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.index = -1
        self.due = 0.0


class _Driver:
    """Sends requests on connections and gathers replies; what is sent when is decided by those who call it."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self._port = port
        self._requests = requests
        self._next = cycle(range(len(requests)))
        self._poll = select.epoll()
        self.busy: dict[int, _Connection] = {}
        self.idle: deque[_Connection] = deque()
        self.replies: list[Reply] = []
        self.errors: Counter[str] = Counter()

    def connect(self) -> None:
        """One more idle connection."""
        connection = _Connection(self._port)
        self._poll.register(connection.socket, select.EPOLLIN)
        self.idle.append(connection)

    def send(self, due: float) -> None:
        """The next request, on the connection that has been idle longest."""
        connection = self.idle.popleft()
        connection.index, connection.due = next(self._next), due
        self.busy[connection.socket.fileno()] = connection
        connection.socket.sendall(self._requests[connection.index])

    def receive(self, wait: float) -> None:
        """Wait at most `wait` seconds, then take in whatever has come. `select` waits exactly, `epoll` by the ms."""
        if not select.select([self._poll], [], [], max(wait, 0.0))[0]:
            return
        for number, _ in self._poll.poll(0):
            if connection := self.busy.get(number):
                self._take(connection)
            else:
                self._drop_idle(number)

    def close(self) -> None:
        """Close every connection."""
        for connection in (*self.idle, *self.busy.values()):
            connection.socket.close()
        self._poll.close()

    def _take(self, connection: _Connection) -> None:
        try:
            received = connection.socket.recv(65536)
        except OSError as error:
            received, reason = b"", type(error).__name__
        else:
            reason = "connection closed"
        if not received:
            return self._lose(connection, reason)
        connection.buffer += received
        if reply := _complete(connection.buffer):
            status, body = reply
            self.replies.append(Reply(connection.index, connection.due, time.perf_counter(), status, body))
            connection.buffer.clear()
            del self.busy[connection.socket.fileno()]
            self.idle.append(connection)
        return None

    def _lose(self, connection: _Connection, reason: str) -> None:
        self.errors[reason] += 1
        del self.busy[connection.socket.fileno()]
        self._poll.unregister(connection.socket)
        connection.socket.close()

    def _drop_idle(self, number: int) -> None:
        """A server may close a connection that it finds idle for too long: no error, but of no use any more."""
        for connection in self.idle:
            if connection.socket.fileno() == number:
                self.idle.remove(connection)
                self._poll.unregister(connection.socket)
                connection.socket.close()
                return


def _complete(buffer: bytearray) -> tuple[int, bytes] | None:
    """Status and body of a response once all of it is there. Raises `ValueError` where it has no stated length."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    place = head.find(b"content-length:")
    if place < 0:
        raise ValueError("a response without a content length")
    size = int(head[place + 15 :].split(b"\r\n", 1)[0])
    if len(buffer) < end + 4 + size:
        return None
    return int(head[9:12]), bytes(buffer[end + 4 :])


def closed_loop(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    seconds: float,
    *,
    warm_up: float = 1.0,
    watch: Callable[[], None] = lambda: None,
) -> Load:
    """Every connection busy all the time. `watch` is called ten times a second."""

    def arrivals(driver: _Driver, start: float, end: float) -> float:
        watching = start - warm_up
        while (now := time.perf_counter()) < end:
            while driver.idle:
                driver.send(time.perf_counter())
            while len(driver.busy) < connections:
                driver.connect()
                driver.send(time.perf_counter())
            driver.receive(min(0.1, end - now))
            if now >= watching:
                watch()
                watching = now + 0.1
        return end

    return _measure(port, requests, connections, seconds, warm_up, arrivals)


def open_loop(port: int, requests: Sequence[bytes], rate: float, seconds: float, seed: int) -> Load:
    """Poisson arrivals, `rate` a second, whatever the server does, on as many connections as that takes."""

    def arrivals(driver: _Driver, start: float, end: float) -> float:
        waiting: deque[float] = deque()
        for due in _poisson(rate, time.perf_counter(), end, seed):
            while (now := time.perf_counter()) < due:
                _serve(driver, waiting)
                driver.receive(due - now)
            waiting.append(due)
            _serve(driver, waiting)
        while waiting and time.perf_counter() < end + PATIENCE:
            driver.receive(0.1)
            _serve(driver, waiting)
        return end

    return _measure(port, requests, 16, seconds, 0.5, arrivals)


def _poisson(rate: float, start: float, end: float, seed: int) -> Iterator[float]:
    draw = np.random.default_rng(seed)
    due = start
    while (due := due + draw.exponential(1 / rate)) < end:
        yield due


def _serve(driver: _Driver, waiting: deque[float]) -> None:
    while waiting and (driver.idle or len(driver.busy) < MOST_CONNECTIONS):
        if not driver.idle:
            driver.connect()
        driver.send(waiting.popleft())


def _measure(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    seconds: float,
    warm_up: float,
    arrivals: Callable[[_Driver, float, float], float],
) -> Load:
    """Run `arrivals`, wait for what is still under way, and keep what was due after the warm-up."""
    driver = _Driver(port, requests)
    gc.collect()
    gc.disable()
    try:
        for _ in range(connections):
            driver.connect()
        start = time.perf_counter() + warm_up
        cpu = time.process_time()
        end = arrivals(driver, start, start + seconds)
        cpu = (time.process_time() - cpu) * seconds / (warm_up + seconds)
        limit = time.perf_counter() + PATIENCE
        while driver.busy and time.perf_counter() < limit:
            driver.receive(0.1)
        if driver.busy:
            driver.errors["no answer"] += len(driver.busy)
    finally:
        gc.enable()
        driver.close()
    return Load(start, end, tuple(r for r in driver.replies if r.done >= start and r.due <= end), driver.errors, cpu)
