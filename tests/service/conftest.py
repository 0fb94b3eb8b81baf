"""A running service: a real server on a real port, in a thread of the tests' process."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from service.api.app import Service, create_service
from service.process.uvicorn_overrides import Connection
from service.settings import Settings

PATIENCE = 90
"""Seconds until a test gives up: never reached, but on a machine that does much else."""


@dataclass(frozen=True)
class Running:
    """A service that answers, and a client of it."""

    service: Service
    client: httpx.Client
    port: int

    def predict(self, text: str, **fields: object) -> httpx.Response:
        """The answer of `/v1/predict`."""
        return self.client.post("/v1/predict", json={"text": text, **fields})

    def metric(self, name: str, **labels: str) -> float:
        """The value of one series, 0 where there is none."""
        for line in self.client.get("/metrics").text.splitlines():
            head, _, value = line.rpartition(" ")
            found, _, given = head.partition("{")
            if found == name and all(f'{key}="{wanted}"' in given for key, wanted in labels.items()):
                return float(value)
        return 0.0


@contextlib.contextmanager
def running(settings: Settings, *, ready: bool = True) -> Iterator[Running]:
    """Serve with `settings` on a free port until the block ends."""
    with socket.create_server((settings.host, 0)) as listener:
        service = create_service(settings)
        options = {"http": Connection, "ws": "websockets-sansio", "log_level": "error", "access_log": False}
        server = uvicorn.Server(uvicorn.Config(service.asgi, **options))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        port = listener.getsockname()[1]
        try:
            with httpx.Client(base_url=f"http://{settings.host}:{port}", timeout=PATIENCE) as client:
                _wait(client, "/health/ready" if ready else "/health/live")
                yield Running(service, client, port)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


def until(met: Callable[[], bool]) -> None:
    """Wait for something that will be. Raises `TimeoutError`."""
    end = time.monotonic() + PATIENCE
    while not met():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


def _wait(client: httpx.Client, path: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            if client.get(path).status_code == 200:
                return
        time.sleep(0.02)
    raise TimeoutError(f"{path} never became 200: {client.get(path).text}")


@pytest.fixture(scope="session")
def served(repository: Path) -> Iterator[Running]:
    """The three small models, with the default settings but a smaller limit of words."""
    with running(Settings(repository=repository, max_words=200)) as service:
        yield service
