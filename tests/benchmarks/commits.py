"""This checkout against another commit, in turns, in one run.

    python -m tests.benchmarks.commits 926f6db [--rounds 5] [--seconds 4]

Builds the other commit in a folder of its own and makes one bundle there, which both serve. A round runs one after the
other: requests a second of short and of long reviews (32 connections), p99 of long ones at 70 % of the other's rate,
a default trace of 250 words, and `gatescope score` of a file of long reviews by the clock and by processor time.
Prints medians, and the median of the ratios of each round (this checkout over the other commit). Both run in this
environment, so they must agree on what they depend on.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from export.data.sources import load
from models.text.words import words
from tests.benchmarks.load import closed_loop, open_loop
from tests.benchmarks.machine import processor
from tests.benchmarks.process import Command, Running, free_port, running
from tests.benchmarks.reviews import built_in_texts
from tests.benchmarks.scoring import Took, children_cpu, write
from tests.benchmarks.wire import GATESCOPE

HERE = Path(__file__).parents[2]
PROBE = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
CONNECTIONS, SHARE, TRACES = 32, 0.7, 60
BUNDLE = """
import sys
from pathlib import Path
from tests.benchmarks.fixed import fixed_bundle
from tests.benchmarks.reviews import built_in_texts
fixed_bundle(Path(sys.argv[1]), built_in_texts())
"""
HIGHER_IS_BETTER = ("short requests/s", "long requests/s")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.commits")
    parser.add_argument("commit", help="what this checkout is compared with")
    parser.add_argument("--rounds", type=int, default=5, help="the medians are over these")
    parser.add_argument("--seconds", type=float, default=4, help="of each load")
    parser.add_argument("--rows", type=int, default=20_000, help="of the file that is scored")
    given = parser.parse_args()
    with TemporaryDirectory() as folder, checked_out(given.commit, Path(folder) / "other") as other:
        home = Path(folder)
        _python(other, "-c", BUNDLE, str(home / "repository"))
        long = [row.text for row in load("critics-long").rows]
        short = [text for text in (_first_words(text, 20) for text in built_in_texts()) if text][:1000]
        source = write(home / "in.csv", list(islice(cycle(long), given.rows)))
        rounds: list[tuple[dict[str, float], dict[str, float]]] = []
        for number in range(given.rounds):
            rates: dict[str, float] = {}
            found = {}
            for tree in (other, HERE) if number % 2 else (HERE, other):
                found[tree] = _served(tree, home, short, long[:1000], given.seconds, rates)
                found[tree] |= _scored(tree, home, source)
            rounds.append((found[other], found[HERE]))
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr, flush=True)
    _print(given.commit, rounds)
    return 0


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Yield a folder with `commit` of this repository in it, its C parts built."""
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(folder), commit], cwd=HERE, check=True)
    try:
        _python(folder, "setup.py", "--quiet", "build_ext", "--inplace")
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=HERE, check=True)


def _python(tree: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(tree)}
    subprocess.run([sys.executable, *arguments], cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)


def _served(
    tree: Path, home: Path, short: list[str], long: list[str], seconds: float, rates: dict[str, float]
) -> dict[str, float]:
    """Return the figures of the service; `rates` keeps the rate at which the first tree of a round was asked."""
    port = free_port()
    serve = [sys.executable, "-m", "gatescope", "serve", "--repository", str(home / "repository"), "--port", str(port)]
    environment = {"PYTHONPATH": str(tree), "GATESCOPE_MAX_WORDS": "1024"}
    with running(Command(serve, tree, environment), port, PROBE, home / "log") as server:
        found = {
            f"{name} requests/s": _rate(server, texts, seconds) for name, texts in (("short", short), ("long", long))
        }
        rate = rates.setdefault("long", SHARE * found["long requests/s"])
        latencies = open_loop(port, [GATESCOPE.request(text) for text in long], rate, 2 * seconds, seed=0).latencies
        found["long p99 at 70 %, ms"] = 1000 * float(np.percentile(latencies, 99))
        found["default trace, ms"] = _trace(port, _first_words(" ".join(long[:20]), 250))
    return found


def _rate(server: Running, texts: list[str], seconds: float) -> float:
    load = closed_loop(server.port, [GATESCOPE.request(text) for text in texts], CONNECTIONS, seconds)
    if load.errors or any(reply.status != 200 for reply in load.replies):
        raise SystemExit(f"not every request was answered: {load.errors}")
    return load.rate


def _trace(port: int, text: str) -> float:
    spent = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for _ in range(TRACES):
            started = time.perf_counter()
            client.post("/v1/trace", json={"text": text}).raise_for_status()
            spent.append(1000 * (time.perf_counter() - started))
    return statistics.median(spent)


def _scored(tree: Path, home: Path, source: Path) -> dict[str, float]:
    arguments = ["score", str(source), "--out", str(home / "out.csv"), "--repository", str(home / "repository")]
    environment = os.environ | {"PYTHONPATH": str(tree)}
    started, before = time.monotonic(), children_cpu()
    command = [sys.executable, "-m", "gatescope", *arguments, "--max-words", "1024", "--json", "--restart"]
    subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = Took(time.monotonic() - started, children_cpu() - before)
    (home / "out.csv").unlink()
    return {"score, s": took.clock, "score, s of processor": took.cpu}


def _first_words(text: str, count: int) -> str:
    """Return `text` up to and with its word number `count`; "" where it has fewer."""
    found = list(islice(words(text), count))
    return text[: found[-1].end] if len(found) == count else ""


def _print(commit: str, rounds: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    print(f"{processor()}; medians of {len(rounds)} rounds\n")
    print(f"| | {commit} | this checkout | ratio (each round) |\n|---|---:|---:|---|")
    for name in rounds[0][0]:
        before, after = ([one[side][name] for one in rounds] for side in (0, 1))
        ratios = [b / a for a, b in zip(before, after, strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        better = "higher" if name in HIGHER_IS_BETTER else "lower"
        print(
            f"| {name} ({better} is better) | {statistics.median(before):.4g} | {statistics.median(after):.4g} "
            f"| {statistics.median(ratios):.3f} ({each}) |"
        )


if __name__ == "__main__":
    sys.exit(main())
