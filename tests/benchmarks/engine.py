"""The engine alone on one core, against calls of the step graph in ONNX Runtime: one at a time, in batches, sorted.

    python -m tests.benchmarks.engine [--cell gru] [--file REVIEWS.csv --column text] [--json OUT]

`one at a time` runs every review alone; `FIFO n` pads n reviews in order of arrival to the longest; `sorted n` does
so after sorting all of them by length, which only somebody who has all of them can; `in-flight` is the engine on the
event loop while tasks send everything at once, what the tasks and the loop cost included; `closed n` the same with n
senders, each waiting for its answer; `thread, ...` is an engine's thread alone, without what the tasks cost; `graph,
...` an engine on the event loop that computes in ONNX Runtime too. `bulk` is `run_many`. Rates are by processor
time, so that other work on the machine counts as little as it can; the caches are shared with it all the same.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np

from export.data.sources import load
from export.data.tables import Columns, read_table
from export.publish.package import package
from models.bundle.files import Bundle, read
from models.network.bulk import run_many
from models.network.equations import CELLS, Cell
from models.network.onnx_session import OnnxSession
from models.network.session import run_whole
from models.text.words import Vocabulary, typed
from service.engine import Engine, EngineSettings, Model, Unobserved
from tests.benchmarks.fixed import MAX_WORDS
from tests.bundles import about, random_weights

SHORT_WORDS = 20
BATCHES = (8, 16, 24, 32, 48, 64)
Reviews = list[np.ndarray]
Contender = Callable[[], dict[str, tuple[float, float]]]


@dataclass
class Cells(Unobserved):
    """Adds up what the engine computed."""

    counts: list[tuple[int, int]] = field(default_factory=list)

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        self.counts.append((real, padded))

    def waste(self) -> float:
        """The share of the cells that held no word, and start anew."""
        real, padded = np.sum(self.counts, axis=0)
        self.counts.clear()
        return float(1 - real / padded)


def static(graph: OnnxSession, reviews: Reviews, size: int) -> float:
    """Batches of `size` in the order given, each padded to its longest; returns the share of padding."""
    padded = 0
    for start in range(0, len(reviews), size):
        batch = reviews[start : start + size]
        run_whole(graph, batch)
        padded += max(map(len, batch)) * len(batch)
    return 1 - sum(map(len, reviews)) / padded


def send_all(engine: Engine, model: Model, reviews: Reviews, senders: int) -> None:
    """Every review through `submit`, from so many senders."""

    async def send() -> None:
        left = iter(reviews)

        async def sender() -> None:
            for ids in left:
                await engine.submit(model, ids)

        await asyncio.gather(*(sender() for _ in range(senders)))

    asyncio.run(send())


@dataclass(frozen=True)
class Served:
    """An engine with a model, and what it counts."""

    engine: Engine
    model: Model
    cells: Cells

    @classmethod
    def start(cls, bundle: Bundle, threads: int, provider: Literal["native", "onnxruntime"]) -> "Served":
        """An engine with so many threads; none: on the event loop."""
        cells = Cells()
        engine = Engine(EngineSettings(threads, provider, queue_seconds=float("inf")), cells)
        return cls(engine, engine.load(bundle), cells)

    def clock(self) -> int:
        """The processor clock of the engine's thread, or of the process where it has none."""
        threads = [thread.ident or 0 for thread in threading.enumerate() if thread.name == "engine-0"]
        return time.pthread_getcpuclockid(*threads) if self.engine.settings.threads else time.CLOCK_PROCESS_CPUTIME_ID


def contenders(
    graph: OnnxSession, on_loop: Served, on_thread: Served, in_graph: Served, reviews: Reviews
) -> list[Contender]:
    """What is measured; each returns, by name, seconds of processor time and the share of padding."""
    by_length = sorted(reviews, key=len)
    model = on_loop.model

    def still(name: str, given: Reviews, size: int) -> Contender:
        def run() -> dict[str, tuple[float, float]]:
            began = time.process_time()
            waste = static(graph, given, size)
            return {name: (time.process_time() - began, waste)}

        return run

    def flying(name: str, served: Served, senders: int) -> Contender:
        def run() -> dict[str, tuple[float, float]]:
            clock = served.clock()
            began = time.clock_gettime(clock)
            send_all(served.engine, served.model, reviews, senders)
            return {name: (time.clock_gettime(clock) - began, served.cells.waste())}

        return run

    def bulk() -> dict[str, tuple[float, float]]:
        began = time.process_time()
        run_many(model.session, reviews)
        return {"bulk": (time.process_time() - began, float("nan"))}

    return [
        still("one at a time", reviews, 1),
        *(still(f"FIFO {size}", reviews, size) for size in (32, 64)),
        *(still(f"sorted {size}", by_length, size) for size in BATCHES),
        *(flying(f"closed {count}", on_loop, count) for count in (1, 16, 32)),
        flying("in-flight", on_loop, len(reviews)),
        flying("thread, closed 32", on_thread, 32),
        flying("thread, in-flight", on_thread, len(reviews)),
        flying("graph, closed 32", in_graph, 32),
        flying("graph, in-flight", in_graph, len(reviews)),
        bulk,
    ]


def measured(found: Sequence[Contender], count: int, repeats: int) -> dict[str, dict[str, float]]:
    """Reviews a second of processor time, the median of repeats in changing order, and the share of padding."""
    rates: dict[str, list[float]] = {}
    waste: dict[str, float] = {}
    for repeat in range(repeats):
        for contender in random.Random(repeat).sample(list(found), len(found)):
            for name, (seconds, padding) in contender().items():
                rates.setdefault(name, []).append(count / seconds)
                waste[name] = padding
    return {
        name: {"reviews_per_second": statistics.median(rates[name]), "waste": waste[name]} for name in sorted(rates)
    }


def review_texts(file: Path | None, column: str) -> list[str]:
    """The long reviews: the built-in ones, or those of a file."""
    if file is None:
        return [row.text for row in load("critics-long").rows]
    return [row.text for row in read_table(str(file), Columns(column, column)).rows]


def bundle_of(cell: Cell, folder: Path, vocabulary: Vocabulary) -> Bundle:
    """E = H = 128, max||mean, seeded weights: speed does not depend on what they have learnt."""
    weights = random_weights(cell, vocabulary_size=len(vocabulary), embedding_size=128, hidden_size=128)
    return read(package(folder, cell, weights, vocabulary, about(vocabulary)))


def mixes(long: Reviews) -> dict[str, Reviews]:
    """Short, long, and half and half, in a seeded order; every set has about as many words."""
    short = [ids[:SHORT_WORDS] for ids in long if len(ids) >= SHORT_WORDS]
    mixed = [*long[::2], *short[1::2]]
    random.Random(0).shuffle(mixed)
    return {"short": short, "long": long, "mixed": mixed}


def report(name: str, found: dict[str, dict[str, float]]) -> None:
    """One table on the terminal; `of sorted` is against sorting at its best batch size."""
    best = max(row["reviews_per_second"] for contender, row in found.items() if contender.startswith("sorted"))
    print(f"\n{name}\n{'':22}{'reviews/s':>10}{'of sorted':>11}{'padding':>9}")
    for contender, row in found.items():
        rate = row["reviews_per_second"]
        print(f"{contender:22}{rate:10.0f}{rate / best:11.1%}{row['waste']:9.1%}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", choices=CELLS, action="append")
    parser.add_argument("--file", type=Path, help="reviews of your own: CSV, JSONL or Parquet")
    parser.add_argument("--column", default="text")
    parser.add_argument("--count", type=int, default=1000, help="reviews a set")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = review_texts(options.file, options.column)
    vocabulary = Vocabulary.build((word for text in texts for word in typed(text)), min_count=2, size=20_000)
    drawn = random.Random(0).sample(texts, min(options.count, len(texts)))
    sets = mixes([vocabulary.encode(text, MAX_WORDS).ids for text in drawn])
    everything: dict[str, dict[str, dict[str, float]]] = {}
    with TemporaryDirectory() as folder:
        for cell in options.cell or ("lstm", "gru"):
            bundle = bundle_of(cell, Path(folder), vocabulary)
            graph = OnnxSession(bundle.step_graph, bundle.manifest.states, bundle.manifest.layers)
            served = (
                Served.start(bundle, 0, "native"),
                Served.start(bundle, 1, "native"),
                Served.start(bundle, 0, "onnxruntime"),
            )
            for each in served:
                cost = each.model.cost
                print(f"{cell}: batches of {cost.rows} rows, {1e6 * cost.token_seconds:.2f} us a word predicted")
            for name, reviews in sets.items():
                found = measured(contenders(graph, *served, reviews), len(reviews), options.repeats)
                everything[f"{cell}, {name}"] = found
                mean = statistics.mean(map(len, reviews))
                report(f"{cell}, {name} reviews ({len(reviews)}, {mean:.0f} words on average)", found)
            for each in served:
                each.engine.close()
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
