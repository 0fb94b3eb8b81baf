"""A streamed batch against a running service: memory while 200,000 lines pass, and what it costs interactive clients.

    python -m tests.benchmarks.streaming [--lines 200000] [--seconds 15] [--load 0.3]

The client sends lines and reads answers at the same time. First memory: all processes of the service, shared pages
counted once. Then latency: predictions arrive at random moments at a share of the rate that a closed loop reached,
once alone and once while another process streams a batch without an end; that one's client gets what the others leave
of the cores, as it would sit on a machine of its own. Exits with 1 where memory grows by more
than 64 MB.
"""

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.fixed import fixed_bundle
from tests.benchmarks.load import closed_loop, open_loop
from tests.benchmarks.process import Command, Running, free_port, running
from tests.benchmarks.reviews import built_in_texts

MOST_GROWTH = 64e6
PIECE = 200


def main() -> int:
    """Measure, print, and say whether memory held."""
    given = arguments()
    texts = built_in_texts()
    with TemporaryDirectory() as name:
        fixed_bundle(Path(name) / "repository", texts)
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "gatescope",
            "serve",
            "--repository",
            f"{name}/repository",
            "--port",
            str(port),
        ]
        probe = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with running(Command(command, Path.cwd(), os.environ), port, probe, Path(name) / "log") as server:
            stream(port, texts, 2000)
            growth = memory(server, texts, given.lines)
            latency(port, texts, given.seconds, given.load)
    return int(growth > MOST_GROWTH)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.streaming")
    parser.add_argument("--lines", type=int, default=200_000, help="lines of the long stream")
    parser.add_argument("--seconds", type=float, default=15, help="of each latency measurement")
    parser.add_argument("--load", type=float, default=0.3, help="share of the closed loop's rate")
    return parser.parse_args()


def memory(server: Running, texts: list[str], lines: int) -> float:
    """Stream `lines` lines; returns the bytes by which the service grew."""
    before, peaks, done = server.memory(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            peaks[0] = max(peaks[0], server.memory())

    watching = threading.Thread(target=watch)
    watching.start()
    started = time.monotonic()
    summary = stream(server.port, texts, lines)
    seconds = time.monotonic() - started
    done.set()
    watching.join()
    if summary["rows"] != lines:
        raise RuntimeError(f"{summary['rows']} of {lines} lines were answered")
    print(
        f"{lines} lines in {seconds:.1f} s, {lines / seconds:.0f} lines/s; memory {before / 1e6:.0f} MB before, ",
        end="",
    )
    print(f"at most {peaks[0] / 1e6:.0f} MB during, {server.memory() / 1e6:.0f} MB after")
    return peaks[0] - before


def latency(port: int, texts: list[str], seconds: float, share: float) -> None:
    """Predictions alone, then beside a batch."""
    requests = [request(text) for text in random.Random(0).sample(texts, 1000)]
    capacity = closed_loop(port, requests, 32, seconds / 3).rate
    alone = open_loop(port, requests, share * capacity, seconds, seed=1).latencies
    batch = multiprocessing.get_context("spawn").Process(target=_stream_politely, args=(port, texts))
    batch.start()
    time.sleep(3)
    beside = open_loop(port, requests, share * capacity, seconds, seed=1).latencies
    batch.terminate()
    batch.join()
    for name, found in (("alone", alone), ("beside a batch", beside)):
        p50, p99 = 1000 * np.percentile(found, [50, 99])
        print(f"predictions {name}, {share * capacity:.0f}/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def request(text: str) -> bytes:
    """A request of `/v1/predict`."""
    body = json.dumps({"text": text}).encode()
    head = (
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def stream(port: int, texts: list[str], lines: int | None) -> dict[str, int]:
    """Send `lines` lines, or without an end, while the answers are read; returns the summary."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.putrequest("POST", "/v1/batch")
    for header in (("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")):
        connection.putheader(*header)
    connection.endheaders()
    sending = threading.Thread(target=_send, args=(connection, _pieces(texts, lines)))
    sending.start()
    answer, last = connection.getresponse(), b""
    while piece := answer.read1(65536):
        last = (last + piece)[-1000:]
    sending.join()
    connection.close()
    summary: dict[str, int] = json.loads(last.splitlines()[-1])["summary"]
    return summary


def _stream_politely(port: int, texts: list[str]) -> None:
    os.nice(19)
    stream(port, texts, None)


def _pieces(texts: list[str], lines: int | None) -> Iterator[bytes]:
    endless = (json.dumps({"text": text}) + "\n" for text in itertools.cycle(texts))
    rows = itertools.islice(endless, lines)
    while piece := "".join(itertools.islice(rows, PIECE)).encode():
        yield piece


def _send(connection: http.client.HTTPConnection, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    connection.send(b"0\r\n\r\n")


if __name__ == "__main__":
    sys.exit(main())
