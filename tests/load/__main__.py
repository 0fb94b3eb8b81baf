"""The service under load, with figures.

    .venv/bin/python -m tests.load overload [--seconds N]   clients that ask for far more than there is capacity for
    .venv/bin/python -m tests.load swaps [--count N]        versions swapped without a pause under mixed load
    .venv/bin/python -m tests.load soak [--minutes N]       mixed load for a long time, a swap a minute
    .venv/bin/python -m tests.load typed [--count N]        people who type five words a second on streams of their own

Serves a network of full size (LSTM, E = H = 128) with random weights; clients and service share the machine.
"""

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bundles import random_weights, write_bundle
from tests.load.connection import request
from tests.load.overload import overload
from tests.load.soak import known_answers, soak, swaps
from tests.load.typed import typed
from tests.serving import serving

LONG = request("/v1/predict", {"text": "an amazing film that was not bad at all " * 228})
BATCH = request("/v1/batch", ["a great film " * 20] * 1000)
OVERLOADS = (("2,048 words", LONG, (64, 300, 600, 1000)), ("batches of 1,000 rows", BATCH, (4, 120)))


SWAP_EVERY, SAMPLE_EVERY = 60.0, 5.0


def main() -> None:
    """Do what the command line says."""
    given = _arguments()
    print(f"{platform.machine()}, {os.cpu_count()} cores; clients on the same machine", flush=True)
    with full_size() as repository:
        known = known_answers(repository) if given.what in ("swaps", "soak") else {}
        with serving(repository) as root:
            port = int(root.rpartition(":")[2])
            match given.what:
                case "overload":
                    print_overload(port, given.seconds)
                case "swaps":
                    asyncio.run(swaps(port, known, given.count, given.seconds))
                case "typed":
                    print(asyncio.run(typed(port, given.count, given.seconds)))
                case "soak":
                    asyncio.run(soak(port, known, 60 * given.minutes, SWAP_EVERY, SAMPLE_EVERY))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load")
    parser.add_argument("what", choices=["overload", "swaps", "soak", "typed"])
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of a run of overload or typed, of swaps without one"
    )
    parser.add_argument("--count", type=int, default=100, help="swaps; streams of typed")
    parser.add_argument("--minutes", type=float, default=30.0, help="of soak")
    return parser.parse_args()


@contextmanager
def full_size() -> Iterator[Path]:
    """A repository with two versions of a network of the size that the built-in models have."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(2):
            write_bundle(Path(folder), "lstm", random_weights("lstm", embedding_size=128, hidden_size=128, seed=seed))
        yield Path(folder)


def print_overload(port: int, seconds: float) -> None:
    """Print what is reached at capacity and far beyond it."""
    for title, sent, counts in OVERLOADS:
        print(title)
        for connections in counts:
            print(overload(port, sent, connections, seconds), flush=True)


if __name__ == "__main__":
    main()
