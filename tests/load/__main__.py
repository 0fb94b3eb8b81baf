"""The service under load, with figures.

    .venv/bin/python -m tests.load overload [--seconds N]    clients that ask for far more than there is capacity for

Serves a network of full size (LSTM, E = H = 128) with random weights; clients and service share the machine.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bundles import random_weights, write_bundle
from tests.load.overload import overload, request
from tests.serving import serving

LONG = request("/v1/predict", {"text": "an amazing film that was not bad at all " * 228})
BATCH = request("/v1/batch", ["a great film " * 20] * 1000)
OVERLOADS = (("2,048 words", LONG, (64, 300, 600, 1000)), ("batches of 1,000 rows", BATCH, (4, 120)))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.load")
    parser.add_argument("what", choices=["overload"], nargs="?", default="overload")
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores; clients on the same machine")
    with full_size() as repository, serving(repository) as root:
        print_overload(int(root.rpartition(":")[2]), given.seconds)


@contextmanager
def full_size() -> Iterator[Path]:
    """A repository with a network of the size that the built-in models have."""
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder), "lstm", random_weights("lstm", embedding_size=128, hidden_size=128, seed=0))
        yield Path(folder)


def print_overload(port: int, seconds: float) -> None:
    """Print what is reached at capacity and far beyond it."""
    for title, sent, counts in OVERLOADS:
        print(title)
        for connections in counts:
            print(overload(port, sent, connections, seconds), flush=True)


if __name__ == "__main__":
    main()
