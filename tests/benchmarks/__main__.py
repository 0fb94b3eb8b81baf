"""Measure Gatescope beside other model servers.

    python -m tests.benchmarks                     everything, and docs/benchmarks.md anew
    python -m tests.benchmarks --quick             the same with shorter loads
    python -m tests.benchmarks --peers Triton --reviews long --stages capacity

The first run makes a virtual environment for each peer. A run of a part prints its figures and leaves the page alone.
"""

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.environments import CHECKOUT, versions
from tests.benchmarks.fixed import MAX_WORDS, fixed_bundle
from tests.benchmarks.machine import facts, load_average
from tests.benchmarks.page import write_page
from tests.benchmarks.peers.network import Network
from tests.benchmarks.results import Engine, Files, Results
from tests.benchmarks.reviews import ReviewSet, built_in_texts, review_sets
from tests.benchmarks.servers import CORES, GATESCOPE_SERVER, PEER_SERVERS, Place, Server
from tests.benchmarks.stages import (
    FULL,
    QUICK,
    Plan,
    capacity,
    contenders,
    crowd,
    latency,
    lonely,
    median_rates,
    search,
)

STAGES = ("capacity", "latency", "crowd", "lonely", "engine", "files")
HOME = CHECKOUT / ".bench"
PAGE = CHECKOUT / "docs" / "benchmarks.md"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks", description=__doc__.split("\n", 1)[0])
    names = [server.name for server in PEER_SERVERS]
    parser.add_argument("--quick", action="store_true", help="shorter loads, fewer arrival rates")
    parser.add_argument("--peers", nargs="*", choices=names, default=names, help="which peers")
    parser.add_argument("--reviews", nargs="+", help="which of short, long, mixed, own")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="which parts")
    parser.add_argument("--file", type=Path, help="a CSV, JSONL or Parquet file of reviews, measured as `own`")
    parser.add_argument("--column", default="text", help="the column of the file that holds the text")
    parser.add_argument("--best", type=Path, help="results of an earlier run: its best set-ups, no search")
    parser.add_argument("--results", type=Path, default=HOME / "results.json", help="where the figures are kept")
    parser.add_argument("--redraw", action="store_true", help="only write the page from the kept results")
    return parser.parse_args()


def main() -> None:
    """Run what was asked for."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = arguments()
    if asked.redraw:
        write_page(Results.read(asked.results), PAGE)
        return
    results = measured(asked)
    if set(asked.stages) == set(STAGES) and len(asked.peers) == len(PEER_SERVERS) and not asked.reviews:
        write_page(results, PAGE)
        print(f"written: {PAGE}")


def measured(asked: argparse.Namespace) -> Results:
    """Everything that was asked for, measured; kept on disk after every part."""
    plan = QUICK if asked.quick else FULL
    HOME.mkdir(exist_ok=True)
    place = Place(HOME, fixed_bundle(HOME / "repository", built_in_texts()))
    network = Network(place.bundle, CORES, MAX_WORDS)
    sets = wanted(review_sets(network, asked.file, asked.column), asked.reviews)
    peers = [server for server in PEER_SERVERS if server.name in asked.peers]
    installed = {server.name: installed_versions(server) for server in (GATESCOPE_SERVER, *peers)}
    results = Results(facts(), installed, {name: found.described() for name, found in sets.items()})
    describe(results)

    results.tried = Results.read(asked.best).tried if asked.best else search(peers, place, sets, plan, say)
    results.write(asked.results)
    chosen = contenders(peers, results.tried, sets)
    if {"capacity", "latency"} & set(asked.stages):
        results.closed = capacity(chosen, place, sets, plan, say)
        results.write(asked.results)
    if "latency" in asked.stages:
        results.open = latency(chosen, median_rates(results.closed), place, sets, plan, say)
        results.write(asked.results)
    if "crowd" in asked.stages:
        results.crowd = crowd(place, sets, plan, say)
    if "lonely" in asked.stages:
        results.lonely = lonely(place, sets, network)
    if "engine" in asked.stages:
        results.engine = engine_alone(asked)
    if "files" in asked.stages:
        results.files = files(plan)
    results.write(asked.results)
    return results


def say(line: str) -> None:
    """A line as it comes, also into a pipe."""
    print(line, flush=True)


def engine_alone(asked: argparse.Namespace) -> Engine:
    """The figures of `python -m tests.benchmarks.engine`, in a process of its own: it keeps to one core."""
    kept = HOME / "engine.json"
    count = ["--count", "400"] if asked.quick else []
    subprocess.run([sys.executable, "-m", "tests.benchmarks.engine", "--json", kept, *count], cwd=CHECKOUT, check=True)
    found: Engine = json.loads(kept.read_text())
    return found


def files(plan: Plan) -> Files:
    """The figures of `python -m tests.benchmarks.scoring`, by reviews."""
    found: Files = {}
    for reviews, rows in (("long", plan.rows), ("short", 10 * plan.rows)):
        kept = HOME / "scoring.json"
        size = ["--reviews", reviews, "--rows", str(rows)]
        command = [sys.executable, "-m", "tests.benchmarks.scoring", "--json", str(kept), *size]
        subprocess.run(command, cwd=CHECKOUT, check=True)
        found[reviews] = json.loads(kept.read_text())
    return found


def wanted(sets: dict[str, ReviewSet], names: list[str] | None) -> dict[str, ReviewSet]:
    """The review sets that were asked for, all of them where none was."""
    return {name: found for name, found in sets.items() if not names or name in names}


def installed_versions(server: Server) -> str:
    """What is installed for a server, its environment made where it is missing."""
    return versions(server.binaries(HOME), *server.distributions)


def describe(results: Results) -> None:
    """Say what is about to be compared."""
    for name, found in {**results.facts, **results.versions, **results.reviews}.items():
        say(f"{name}: {found}")
    if load_average() > 1:
        say(f"the machine is not idle (load average {load_average():.1f}): figures will suffer")


if __name__ == "__main__":
    main()
