"""What a protocol costs: processor time of the service for a prediction on `/v1/predict` and on `/v2`, in turns.

    python -m tests.benchmarks.protocols [--turns 60]

An LSTM of E = H = 128 with seeded weights, one worker, one connection, built-in reviews.
"""

import argparse
import json
import sys
from dataclasses import replace
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.fixed import NAME, fixed_bundle
from tests.benchmarks.process import Command, Running, free_port, running
from tests.benchmarks.reviews import built_in_texts
from tests.benchmarks.wire import GATESCOPE, OPEN_INFERENCE, Wire

WIRES = [GATESCOPE, replace(OPEN_INFERENCE, path=f"/v2/models/{NAME}/infer")]
A_TURN = 200
"""Requests of one kind in a row."""


def main() -> None:
    """Measure and print a line for each protocol."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.protocols")
    parser.add_argument("--turns", type=int, default=60)
    turns = parser.parse_args().turns
    texts = built_in_texts()
    with TemporaryDirectory() as folder:
        fixed_bundle(Path(folder) / "repository", texts)
        port = free_port()
        options = ("--repository", f"{folder}/repository", "--port", str(port), "--workers", "1")
        command = Command([sys.executable, "-m", "gatescope", "serve", *options], Path.cwd(), {})
        probe = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with running(command, port, probe, Path(folder) / "log") as server:
            seconds = measure(server, texts, turns)
    for wire in WIRES:
        ratio = seconds[wire.path] / seconds[GATESCOPE.path]
        print(f"{wire.path}: {1e6 * seconds[wire.path] / turns / A_TURN:.0f} us of processor time, {ratio:.3f} times")


def measure(server: Running, texts: list[str], turns: int) -> dict[str, float]:
    """Seconds of processor time that all requests took, by path; every protocol gets the same reviews."""
    connection, left = HTTPConnection("127.0.0.1", server.port), cycle(texts)
    seconds = dict.fromkeys((wire.path for wire in WIRES), 0.0)
    for turn in range(turns):
        reviews = list(islice(left, A_TURN))
        for wire in WIRES[:: -1 if turn % 2 else 1]:
            before = server.cpu()
            for text in reviews:
                ask(connection, wire, text)
            seconds[wire.path] += server.cpu() - before
    return seconds


def ask(connection: HTTPConnection, wire: Wire, text: str) -> None:
    """Send one review and read the answer."""
    connection.request("POST", wire.path, json.dumps(wire.body(text)))
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, content


if __name__ == "__main__":
    main()
