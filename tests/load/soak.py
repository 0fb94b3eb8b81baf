"""Mixed load for a long time, and swaps under it: what is wrong, what is lost, and what grows."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.load.connection import Connection, get
from tests.load.mixed import Clients, Known, Tally, make_texts, one_shot

WARM_UP = 0.2
"""Share of a run that the slope of memory leaves out: caches fill first."""


@dataclass(frozen=True)
class Sample:
    """The service at one moment: memory in MiB and open files of its workers, and series in its metrics."""

    seconds: float
    memory: float
    files: int
    series: int


def known_answers(repository: Path) -> Known:
    """What every version of the model says of every text."""
    return one_shot(repository, make_texts())


async def soak(port: int, known: Known, seconds: float, swap_every: float, sample_every: float) -> None:
    """Print what came of mixed load with a swap now and then."""
    tally, samples, began = Tally(), list[Sample](), time.monotonic()
    clients = Clients(port, known, tally)
    next_swap = began + swap_every
    async with clients.running():
        while (now := time.monotonic()) < began + seconds:
            samples.append(await _sample(port, now - began))
            if len(samples) % 10 == 0:
                print(f"{now - began:7.0f} s  {samples[-1]}  {tally}", flush=True)
            if now >= next_swap:
                await clients.swap()
                next_swap = now + swap_every
            await asyncio.sleep(sample_every)
    print(tally)
    _print_growth(samples)


async def swaps(port: int, known: Known, count: int, seconds: float) -> None:
    """Print what became of requests while versions were swapped without a pause, beside a run without swaps."""
    quiet, swapped = Tally(), Tally()
    async with Clients(port, known, quiet).running():
        await asyncio.sleep(seconds)
    samples = [await _sample(port, 0)]
    clients = Clients(port, known, swapped)
    began = time.monotonic()
    async with clients.running():
        for _ in range(count):
            await clients.swap()
            samples.append(await _sample(port, time.monotonic() - began))
    print(f"without swaps, {seconds:.0f} s: {quiet}; /v1/predict p99 {_p99(quiet):.1f} ms")
    print(f"with them, {samples[-1].seconds:.0f} s: {swapped}; /v1/predict p99 {_p99(swapped):.1f} ms")
    _print_growth(samples)


def _p99(tally: Tally) -> float:
    return 1000 * float(np.percentile(tally.seconds, 99))


async def _sample(port: int, seconds: float) -> Sample:
    async with Connection(port) as connection:
        text = (await connection.ask(get("/metrics"))).body.decode()
    workers = re.findall(r'^gatescope_worker_memory_bytes\{pid="(\d+)"\} (\S+)', text, re.MULTILINE)
    files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in workers)
    series = sum(not line.startswith("#") for line in text.splitlines())
    return Sample(seconds, sum(float(size) for _, size in workers) / 2**20, files, series)


def _print_growth(samples: Sequence[Sample]) -> None:
    first, last = samples[0], samples[-1]
    print(f"memory {first.memory:.0f} -> {last.memory:.0f} MiB, files {first.files} -> {last.files}, ", end="")
    print(f"series {first.series} -> {last.series}")
    later = [sample for sample in samples if sample.seconds > WARM_UP * last.seconds]
    minutes, memory = np.array([(sample.seconds / 60, sample.memory) for sample in later]).T
    (slope, _), covariance = np.polyfit(minutes, memory, 1, cov=True)
    print(f"slope of memory {slope:+.3f} MiB a minute, standard error {covariance[0, 0] ** 0.5:.3f}")
