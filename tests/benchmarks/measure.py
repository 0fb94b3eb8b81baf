"""One measurement: a load on a running server, its answers checked, boiled down to figures."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from tests.benchmarks.load import Load, Reply, closed_loop, open_loop
from tests.benchmarks.process import Running, free_port, running
from tests.benchmarks.reviews import ReviewSet
from tests.benchmarks.servers import Place, Server, Setup
from tests.benchmarks.wire import Wire

Result = TypeVar("Result")
TOLERANCE = 1e-4
REFUSED = 429


@dataclass(frozen=True, slots=True)
class Figures:
    """What one load showed. Rates are a second, latencies in ms, `generator` and `cores` in processor cores.

    `refused` answers said 429; `failed` ones had another status, another label, a probability off by more than 1e-4,
    another word count, or never came.
    """

    server: str
    kind: str
    setup: str
    reviews: str
    connections: int | None
    offered: float | None
    fraction: float | None
    rate: float
    p50: float
    p90: float
    p99: float
    p999: float
    refused: int
    failed: int
    answered: int
    generator: float
    cores: float
    memory: int
    repeat: int


@dataclass(frozen=True)
class Contender:
    """A server in one set-up, and what the set-up is called: `documented`, `best` or, for Gatescope, `default`."""

    server: Server
    kind: str
    setup: Setup
    reviews: tuple[str, ...]

    @cached_property
    def described(self) -> str:
        """The set-up for people."""
        return self.setup.described()


@dataclass(frozen=True)
class Session:
    """A contender that is up."""

    contender: Contender
    up: Running
    sets: dict[str, ReviewSet]
    repeat: int = 0

    def closed(self, reviews: str, connections: int, seconds: float, warm_up: float = 1.0) -> Figures:
        """Figures under `connections` that are always busy."""
        peak = [0]

        def watch() -> None:
            peak[0] = max(peak[0], self.up.memory())

        requests = self._requests(reviews)
        before = self.up.cpu()
        watching = watch if connections >= 1000 else lambda: None
        load = closed_loop(self.up.port, requests, connections, seconds, warm_up=warm_up, watch=watching)
        cores = (self.up.cpu() - before) / (seconds + warm_up)
        return self._figures(load, reviews, cores, connections, None, None, peak[0] or self.up.memory())

    def open(self, reviews: str, rate: float, seconds: float, fraction: float) -> Figures:
        """Figures under Poisson arrivals of `rate`, which is `fraction` of some server's capacity."""
        before = self.up.cpu()
        load = open_loop(self.up.port, self._requests(reviews), rate, seconds, seed=self.repeat)
        cores = (self.up.cpu() - before) / (seconds + 0.5)
        return self._figures(load, reviews, cores, None, rate, fraction, self.up.memory())

    def _requests(self, reviews: str) -> list[bytes]:
        return [self.contender.server.wire.request(text) for text in self.sets[reviews].texts]

    def _figures(
        self,
        load: Load,
        reviews: str,
        cores: float,
        connections: int | None,
        offered: float | None,
        fraction: float | None,
        memory: int,
    ) -> Figures:
        refused = sum(reply.status == REFUSED for reply in load.replies)
        wrong = wrong_answers(load, self.sets[reviews], self.contender.server.wire)
        answered = np.array([reply.done - reply.due for reply in load.replies if reply.status == 200])
        p50, p90, p99, p999 = 1000 * np.percentile(answered, [50, 90, 99, 99.9]) if len(answered) else [np.nan] * 4
        return Figures(
            self.contender.server.name,
            self.contender.kind,
            self.contender.described,
            reviews,
            connections,
            offered,
            fraction,
            rate=load.rate - refused / (load.end - load.start),
            p50=float(p50),
            p90=float(p90),
            p99=float(p99),
            p999=float(p999),
            refused=refused,
            failed=wrong + sum(load.errors.values()),
            answered=len(answered),
            generator=load.cpu / (load.end - load.start),
            cores=cores,
            memory=memory,
            repeat=self.repeat,
        )


def wrong_answers(load: Load, sent: ReviewSet, wire: Wire) -> int:
    """How many replies are neither refusals nor the right answer."""
    return sum(reply.status != REFUSED and not _right(reply, sent, wire) for reply in load.replies)


def _right(reply: Reply, sent: ReviewSet, wire: Wire) -> bool:
    if reply.status != 200:
        return False
    found, right = wire.answer(json.loads(reply.body)), sent.answers[reply.index]
    if (found.label, found.words) != (right.label, right.words):
        return False
    return bool(np.abs(np.subtract(found.probabilities, right.probabilities)).max() <= TOLERANCE)


def with_server(
    contender: Contender,
    place: Place,
    sets: dict[str, ReviewSet],
    ask: Callable[[Session], Result],
    repeat: int = 0,
) -> Result:
    """What `ask` returns while the contender runs."""
    port = free_port()
    command = contender.server.start(place, contender.server.binaries(place.home), contender.setup, port)
    probe = contender.server.wire.request("Amazing!")
    log = Path(place.home) / f"{contender.server.name.lower()}.log"
    with running(command, port, probe, log) as up:
        return ask(Session(contender, up, sets, repeat))
