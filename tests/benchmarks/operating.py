"""What an operator waits for: the start of the service, and a scrape of its metrics while it is busy.

    python -m tests.benchmarks.operating [--repository repository] [--starts 5] [--seconds 10]

Start: from the command to 200 at `/health/ready`, and the memory of all processes then (shared pages counted once).
Scrape: `/metrics` twice a second on a connection of its own, while predictions arrive at random moments at 30 % of what
the service can do, and while 32 connections send them as fast as they are answered.
"""

import argparse
import http.client
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.load import closed_loop, open_loop
from tests.benchmarks.process import Command, Running, free_port, running
from tests.benchmarks.reviews import built_in_texts
from tests.benchmarks.streaming import request

PROBE = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
CONNECTIONS, SHARE = 32, 0.3
BEGIN, EVERY = 3.0, 0.5
"""Seconds until the load runs, and between two scrapes."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.operating")
    parser.add_argument("--repository", type=Path, default=Path("repository"), help="models to serve")
    parser.add_argument("--starts", type=int, default=5, help="how often the service is started")
    parser.add_argument("--seconds", type=float, default=10, help="of load while scraping")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        seconds, memory = [], []
        for number in range(given.starts):
            port = free_port()
            begun = time.monotonic()
            with running(command(given.repository, port), port, PROBE, Path(folder) / "log") as server:
                seconds.append(time.monotonic() - begun)
                memory.append(server.memory() / 1e6)
                if number == given.starts - 1:
                    scrapes(server, given.seconds)
    print(f"start to ready: {median(seconds):.2f} s (median of {len(seconds)}, worst {max(seconds):.2f})")
    print(f"memory when ready: {median(memory):.0f} MB")
    return 0


def command(repository: Path, port: int) -> Command:
    """How the service is started."""
    options = ["--repository", str(repository), "--port", str(port)]
    return Command([sys.executable, "-m", "gatescope", "serve", *options], Path.cwd(), os.environ)


def scrapes(server: Running, seconds: float) -> None:
    """Scrape under both loads."""
    requests = [request(text) for text in built_in_texts()[:1000]]
    rate = closed_loop(server.port, requests, CONNECTIONS, seconds / 3).rate
    arguments: dict[str, tuple[Callable[..., object], tuple[object, ...]]] = {
        f"{SHARE * rate:.0f} predictions/s": (open_loop, (server.port, requests, SHARE * rate, seconds + BEGIN, 0)),
        f"as many as it can, {rate:.0f}/s": (closed_loop, (server.port, requests, CONNECTIONS, seconds + BEGIN)),
    }
    for name, (load, given) in arguments.items():
        sending = multiprocessing.get_context("spawn").Process(target=load, args=given)
        sending.start()
        p50, p99 = np.percentile(scrape(server.port, sending), [50, 99])
        print(f"scrape beside {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)


def scrape(port: int, load: BaseProcess) -> list[float]:
    """Milliseconds that each scrape took while the load lasted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    found: list[float] = []
    time.sleep(BEGIN)
    while load.is_alive():
        begun = time.perf_counter()
        connection.request("GET", "/metrics")
        connection.getresponse().read()
        found.append(1000 * (time.perf_counter() - begun))
        time.sleep(EVERY)
    return found


if __name__ == "__main__":
    sys.exit(main())
