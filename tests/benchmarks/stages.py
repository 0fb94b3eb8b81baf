"""What is measured, in order: the best set-up of each peer, capacity, latency at given arrival rates, extremes."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tests.benchmarks.fixed import MAX_WORDS
from tests.benchmarks.load import closed_loop
from tests.benchmarks.measure import Contender, Figures, Session, with_server
from tests.benchmarks.peers.network import Network
from tests.benchmarks.process import NotStarted
from tests.benchmarks.reviews import ReviewSet
from tests.benchmarks.servers import GATESCOPE_SERVER, IN_ONNX_RUNTIME, Place, Server

USUAL = 32
LONG = "long"
WITHOUT_LOOPS = "in ONNX Runtime"
CROWD = 1000
COMPARED_AT = 0.7
Say = Callable[[str], None]
Sets = dict[str, ReviewSet]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; times in seconds.

    `fractions` of a server's capacity are the arrival rates of the open loop, for the reviews in `timed`; the numbers
    of `connections` are tried with long reviews. So many `rows` of long reviews, ten times as many short ones, are
    scored from a file.
    """

    repeats: int
    search: float
    closed: float
    open: float
    crowd: float
    fractions: tuple[float, ...]
    connections: tuple[int, ...]
    timed: tuple[str, ...]
    rows: int


FULL = Plan(
    5, 2.0, 4.0, 8.0, 10.0, (0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2), (1, 8, 128), ("long", "short", "mixed", "own"), 60_000
)
QUICK = Plan(3, 1.0, 2.0, 4.0, 5.0, (0.3, 0.7, 1.2), (1, 8, 128), ("long", "short"), 30_000)


@dataclass(frozen=True, slots=True)
class Lonely:
    """One request at a time, p50 in ms: the request, and the floor of HTTP, words and the bare graph."""

    reviews: str
    request: float
    http: float
    words: float
    graph: float

    @property
    def over(self) -> float:
        """How much longer than the floor the request takes."""
        return self.request - self.http - self.words - self.graph


class Measured(list[Figures]):
    """Figures as they come in, each said as it comes."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def add(self, figures: Figures) -> Figures:
        """One more; returned as it is."""
        load = f"{figures.connections} connections" if figures.connections else f"{figures.offered:.0f}/s offered"
        faults = f", {figures.failed} FAILED" if figures.failed else ""
        self._say(
            f"  {figures.server} ({figures.kind}), {figures.reviews}, {load}: {figures.rate:.0f}/s,"
            f" p50 {figures.p50:.1f} p99 {figures.p99:.1f} ms, {figures.refused} refused{faults}"
        )
        self.append(figures)
        return figures


def search(servers: Sequence[Server], place: Place, sets: Sets, plan: Plan, say: Say) -> list[Figures]:
    """Every set-up of every peer, `USUAL` connections: which is the best for which reviews."""
    found = Measured(say)
    kinds = tuple(name for name in sets if name != "mixed")

    def ask(session: Session) -> None:
        for reviews in kinds:
            found.add(session.closed(reviews, USUAL, plan.search, warm_up=0.5))

    for server in servers:
        for setup in (server.documented, *server.others):
            try:
                with_server(Contender(server, "tried", setup, kinds), place, sets, ask)
            except NotStarted as error:
                say(f"  {server.name}, {setup.described()}: left out, {error}")
    return list(found)


def contenders(servers: Sequence[Server], tried: Sequence[Figures], sets: Sets) -> list[Contender]:
    """Gatescope, the same without its own loops, every peer as documented and in its best set-up for each reviews."""
    chosen = [
        Contender(GATESCOPE_SERVER, "default", GATESCOPE_SERVER.documented, tuple(sets)),
        Contender(GATESCOPE_SERVER, WITHOUT_LOOPS, IN_ONNX_RUNTIME, tuple(sets)),
    ]
    for server in servers:
        chosen.append(Contender(server, "documented", server.documented, tuple(sets)))
        setups = {setup.described(): setup for setup in (server.documented, *server.others)}
        served: dict[str, list[str]] = {}
        for reviews in sets:
            judged_by = "long" if reviews == "mixed" else reviews
            rows = [row for row in tried if row.server == server.name and row.reviews == judged_by and not row.failed]
            served.setdefault(max(rows, key=lambda row: row.rate).setup, []).append(reviews)
        chosen += [Contender(server, "best", setups[setup], tuple(names)) for setup, names in served.items()]
    return chosen


def capacity(chosen: Sequence[Contender], place: Place, sets: Sets, plan: Plan, say: Say) -> list[Figures]:
    """Closed loops: every contender in every repeat, the order turned round each time."""
    found = Measured(say)

    def ask(session: Session) -> None:
        for reviews in session.contender.reviews:
            found.add(session.closed(reviews, USUAL, plan.closed))
            for connections in plan.connections if session.repeat == 0 and reviews == LONG else ():
                found.add(session.closed(reviews, connections, plan.closed))

    for repeat in range(plan.repeats):
        say(f"capacity, repeat {repeat + 1} of {plan.repeats}")
        for contender in chosen if repeat % 2 == 0 else chosen[::-1]:
            with_server(contender, place, sets, ask, repeat)
    return list(found)


def median_rates(figures: Sequence[Figures]) -> dict[tuple[str, str, str], float]:
    """Capacity by server, kind and reviews: the median of the repeats at `USUAL` connections."""
    rates: dict[tuple[str, str, str], list[float]] = {}
    for row in figures:
        if row.connections == USUAL:
            rates.setdefault((row.server, row.kind, row.reviews), []).append(row.rate)
    return {key: statistics.median(values) for key, values in rates.items()}


def latency(
    chosen: Sequence[Contender],
    capacities: dict[tuple[str, str, str], float],
    place: Place,
    sets: Sets,
    plan: Plan,
    say: Say,
) -> list[Figures]:
    """Open loops: every contender at fractions of its own capacity, Gatescope also at what was asked of each peer."""
    found = Measured(say)

    def ask(session: Session) -> None:
        who = session.contender
        for reviews in (name for name in who.reviews if name in plan.timed):
            own = capacities[who.server.name, who.kind, reviews]
            for fraction in plan.fractions:
                found.add(session.open(reviews, own * fraction, plan.open, fraction))
            for (server, kind, name), rate in capacities.items() if who.kind == "default" else ():
                if name == reviews and server != who.server.name:
                    row = session.open(reviews, rate * COMPARED_AT, plan.open, COMPARED_AT)
                    found.add(replace(row, kind=f"against {server} ({kind})"))

    say("latency at given arrival rates")
    for contender in chosen:
        if contender.kind != WITHOUT_LOOPS:
            with_server(contender, place, sets, ask)
    return list(found)


def crowd(place: Place, sets: Sets, plan: Plan, say: Say) -> list[Figures]:
    """A thousand connections at once, long reviews, Gatescope as it comes; memory before and at its highest."""
    found = Measured(say)

    def ask(session: Session) -> None:
        found.add(session.closed("long", USUAL, 1.0))
        found.add(session.closed("long", CROWD, plan.crowd))

    with_server(Contender(GATESCOPE_SERVER, "default", GATESCOPE_SERVER.documented, ("long",)), place, sets, ask)
    return list(found)


def lonely(place: Place, sets: Sets, network: Network) -> list[Lonely]:
    """One request at a time on Gatescope, and what it can't do without."""

    def ask(session: Session) -> list[Lonely]:
        return [_lonely(session, reviews, network) for reviews in ("short", "long")]

    who = Contender(GATESCOPE_SERVER, "default", GATESCOPE_SERVER.documented, ("short", "long"))
    return with_server(who, place, sets, ask)


def _lonely(session: Session, reviews: str, network: Network) -> Lonely:
    texts = session.sets[reviews].texts[:300]
    rows = [network.vocabulary.encode(text, MAX_WORDS).ids for text in texts]
    health = closed_loop(session.up.port, [b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], 1, 2.0)
    return Lonely(
        reviews,
        request=session.closed(reviews, 1, 3.0).p50,
        http=1000 * float(np.median(health.latencies)),
        words=_median_ms([partial(network.vocabulary.encode, text, MAX_WORDS) for text in texts]),
        graph=_median_ms([partial(network.run, [ids]) for ids in rows]),
    )


def _median_ms(calls: Sequence[Callable[[], object]]) -> float:
    def timed(call: Callable[[], object]) -> float:
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    return 1000 * statistics.median(map(timed, calls))
