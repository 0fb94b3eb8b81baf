"""`gatescope score` on every core, against tokenising and the bare step graph on the same rows sorted by length.

    python -m tests.benchmarks.scoring [--reviews short] [--rows 30000] [--rounds 3] [--only-score] [--json OUT]

The bare way reads nothing, writes nothing and has its model loaded: as many processes as there are cores each
tokenise a share of the texts, sort it, and run it in batches of the best size. The command is timed from start to
end. On a machine that others use as well, processor seconds say more than the clock: both are given. The command's
memory is that of all its processes together, shared pages counted once, looked at ten times a second.
"""

import argparse
import csv
import json
import multiprocessing
import multiprocessing.pool
import os
import resource
import statistics
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from export.data.sources import load
from models.bundle.files import read
from models.network.onnx_session import OnnxSession
from models.network.session import run_whole
from models.text.words import typed
from tests.benchmarks.fixed import MAX_WORDS, fixed_bundle
from tests.benchmarks.process import Running
from tests.benchmarks.reviews import built_in_texts

CORES = len(os.sched_getaffinity(0))
BATCHES = (12, 16, 24, 32)


class Bare:
    """One process of the bare way."""

    def __init__(self, folder: Path) -> None:
        self.bundle = read(folder)
        self.graph = OnnxSession(self.bundle.step_graph, self.bundle.manifest.states, self.bundle.manifest.layers)

    def run(self, texts: list[str], size: int) -> None:
        """Tokenise, sort, and run batches of `size`."""
        ids = sorted((self.bundle.vocabulary.encode(text, MAX_WORDS).ids for text in texts), key=len)
        for start in range(0, len(ids), size):
            run_whole(self.graph, ids[start : start + size])


def main() -> None:
    """Measure and print."""
    given = arguments()
    with TemporaryDirectory() as name:
        home = Path(name)
        bundle = fixed_bundle(home / "repository", built_in_texts())
        texts = list(islice(cycle(chosen(given.reviews)), given.rows))
        source = write(home / "in.csv", texts)
        out = home / f"out.{given.format}"
        bare, scored, memory = list[Took](), list[Took](), list[int]()
        with multiprocessing.get_context("spawn").Pool(CORES, _load, [bundle]) as pool:
            shares = [texts[core::CORES] for core in range(CORES)]
            sizes = {size: _timed(pool, [share[:1000] for share in shares], size).cpu for size in BATCHES}
            best = min(sizes, key=lambda size: sizes[size])
            for _ in range(given.rounds):
                if not given.only_score:
                    bare.append(_timed(pool, shares, best))
                took, peak = score(bundle.parent.parent, source, out)
                scored.append(took)
                memory.append(peak)
    print(f"{given.rows} rows, {given.reviews}, mean {statistics.mean(len(typed(t)) for t in texts[:2000]):.0f} words")
    own = _median(scored)
    print(f"gatescope score, {given.format}: {_described(own, given.rows)}, {max(memory) / 1e6:.0f} MB")
    if not bare:
        return
    floor = _median(bare)
    print(f"bare, batches of {best}: {_described(floor, given.rows)}")
    clock, cpu = floor.clock / own.clock, floor.cpu / own.cpu
    print(f"gatescope score is at {clock:.1%} of it by the clock, {cpu:.1%} by processor time")
    if given.json:
        found = {"rows": given.rows, "score": given.rows / own.clock, "bare": given.rows / floor.clock}
        given.json.write_text(json.dumps(found | {"clock": clock, "cpu": cpu, "memory": max(memory)}))


class Took(NamedTuple):
    """Seconds by the clock, and of all processors."""

    clock: float
    cpu: float


def _median(runs: list[Took]) -> Took:
    return Took(*map(statistics.median, zip(*runs, strict=True)))


def _described(took: Took, rows: int) -> str:
    return f"{rows / took.clock:.0f} rows/s by the clock, {1e6 * took.cpu / rows:.0f} us of processor a row"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.scoring")
    parser.add_argument("--reviews", choices=("short", "long", "tiny"), default="long", help="which texts")
    parser.add_argument("--rows", type=int, default=30_000, help="how many; texts are repeated")
    parser.add_argument("--format", choices=("csv", "jsonl", "parquet"), default="csv", help="of the output")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts")
    parser.add_argument("--only-score", action="store_true", help="leave the bare way out")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args()


def chosen(name: str) -> list[str]:
    """`short` are critics' sentences, `long` 100 to 400 words, `tiny` two words."""
    if name == "tiny":
        return [" ".join(typed(text)[:2]) for text in built_in_texts()[:5000]]
    return built_in_texts() if name == "short" else [row.text for row in load("critics-long").rows]


def write(path: Path, texts: list[str]) -> Path:
    """The texts as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))
    return path


def score(repository: Path, source: Path, out: Path) -> tuple[Took, int]:
    """What the command took, and the most memory that its processes had together, in bytes."""
    command = [sys.executable, "-m", "gatescope", "score", source, "--out", out, "--repository", repository]
    started, before, peak = time.monotonic(), children_cpu(), 0
    process = subprocess.Popen([*map(str, command), "--max-words", str(MAX_WORDS), "--json"])
    while process.poll() is None:
        peak = max(peak, Running(process.pid, 0).memory())
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(process.returncode)
    return Took(time.monotonic() - started, children_cpu() - before), peak


def children_cpu() -> float:
    """Return the seconds of processor time of the child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


_bare: Bare


def _load(folder: Path) -> None:
    global _bare  # noqa: PLW0603 - what a worker process of a pool keeps
    _bare = Bare(folder)


def _share(texts: list[str], size: int) -> float:
    started = time.process_time()
    _bare.run(texts, size)
    return time.process_time() - started


def _timed(pool: multiprocessing.pool.Pool, shares: list[list[str]], size: int) -> Took:
    started = time.monotonic()
    cpu = pool.starmap(_share, [(share, size) for share in shares], chunksize=1)
    return Took(time.monotonic() - started, sum(cpu))


if __name__ == "__main__":
    main()
