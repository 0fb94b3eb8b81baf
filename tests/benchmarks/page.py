"""`docs/benchmarks.md` from the figures of one run, and from nothing else."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks.measure import Figures
from tests.benchmarks.plots import latency_plot, throughput_plot
from tests.benchmarks.results import Engine, Files, Results
from tests.benchmarks.stages import COMPARED_AT, USUAL, Lonely

INTRODUCTION = """# Benchmarks

Gatescope beside other model servers: same machine, same ONNX weights, same function that cuts texts into words, same
reviews, text in and label out in one HTTP request. Every server in turn has the machine for itself, together with the
load generator. The model is an LSTM with E = H = 128, `max||mean` pooling and seeded weights; at most 1,024 words are
read of a text. Every answer is checked against the step graph in ONNX Runtime: label, word count, probabilities
within 1e-4.

This page is written by the benchmark; every figure on it was measured in the one run that is described here. Make it
again with `make bench`, or a part of it with

    python -m tests.benchmarks --peers Triton --reviews long --stages capacity
"""

SETUPS = """Each peer stands here twice: *documented*, with the batching that its documentation advises (dynamic or
adaptive batching, padded to the longest review of a batch; FastAPI has none), and *best*, the set-up that answered most
requests in a search over processes, threads and batch sizes ([below](#the-search)). Gatescope runs as it comes, and *in
ONNX Runtime*, like the peers, to show how much its own compiled loops have of the difference.
"""


def write_page(results: Results, page: Path) -> None:
    """Write the page and its plots."""
    plots = page.parent / page.stem
    plots.mkdir(parents=True, exist_ok=True)
    parts = [INTRODUCTION, _facts(results), "## Capacity\n", _capacity(results, plots)]
    if results.open:
        parts += ["## Latency at given arrival rates\n", _latency(results, plots)]
    if results.lonely:
        parts += ["## One lonely request\n", _lonely(results.lonely)]
    if results.crowd:
        parts += ["## A thousand connections at once\n", _crowd(results.crowd)]
    if results.engine:
        parts += ["## The engine alone\n", _engine(results.engine)]
    if results.files:
        parts += ["## Files\n", _files(results.files)]
    parts += ["## The search\n", _search(results), "## The load generator\n", _generator(results)]
    page.write_text("\n".join(part.rstrip() + "\n" for part in parts), encoding="utf-8")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    rule = "|" + "|".join("---:" if column else "---" for column in range(len(head))) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _facts(results: Results) -> str:
    facts = _table(("", ""), [*results.facts.items(), *results.versions.items()]).replace("---:", "---")
    reviews = "\n".join(f"- *{name}*: {described}" for name, described in results.reviews.items())
    return f"{facts}\n\nReviews, every one sent in turn:\n\n{reviews}\n"


def _capacity(results: Results, plots: Path) -> str:
    usual = [row for row in results.closed if row.connections == USUAL]
    names = list(results.reviews)
    rates = {(who, reviews): _rates(usual, who, reviews) for who in _servers(usual) for reviews in names}
    rows = []
    for who in _servers(usual):
        cells = []
        for reviews in names:
            own, ours = rates[who, reviews], rates[("Gatescope", "default"), reviews]
            ratio = (
                f" (**{statistics.median(ours) / statistics.median(own):.1f}x**)"
                if who != ("Gatescope", "default")
                else ""
            )
            cells.append(f"{statistics.median(own):,.0f}{ratio}")
        rows.append((" ".join(who), *cells))
    spread = max((max(found) - min(found)) / statistics.median(found) for found in rates.values())
    repeats = 1 + max(row.repeat for row in usual)
    swept = [row for row in results.closed if row.repeat == 0 and row.reviews == "long"]
    throughput_plot(swept, plots / "throughput.svg")
    return f"""{SETUPS}
Requests answered a second over {USUAL} busy connections, medians of {repeats} repeats with the servers in alternating
order (a server's repeats lie within {spread:.0%} of its median); in brackets, how many times that Gatescope answers.
{_faults(results.closed)}

{_table(("server", *names), rows)}

![Requests a second by number of connections]({plots.name}/throughput.svg)

Long reviews by number of connections, one repeat:

{_sweep(swept)}
"""


def _sweep(swept: Sequence[Figures]) -> str:
    counts = sorted({row.connections for row in swept if row.connections})
    found = {(row.server, row.kind, row.connections): row for row in swept}

    def cell(row: Figures) -> str:
        return f"{row.rate:,.0f}/s, p99 {row.p99:.0f} ms"

    rows = [(" ".join(who), *(cell(found[*who, count]) for count in counts)) for who in _servers(swept)]
    return _table(("server", *(str(count) for count in counts)), rows)


def _latency(results: Results, plots: Path) -> str:
    latency_plot([row for row in results.open if row.reviews == "long"], plots / "latency.svg")
    rows = []
    for row in results.open:
        if row.server == "Gatescope" or row.fraction != COMPARED_AT:
            continue
        ours = next(
            other for other in results.open if other.kind == f"against {row.server} ({row.kind})" and _same(other, row)
        )
        rows.append((f"{row.server} {row.kind}", row.reviews, f"{row.offered:,.0f}", _tail(row), _tail(ours)))
    return f"""Requests arrive at random moments (Poisson), whether the server keeps up or not; latency counts from the
moment when a request was due. Each peer at {COMPARED_AT:.0%} of its own capacity, and Gatescope at the same rate:

{_table(("peer", "reviews", "requests/s", "peer: p50 / p99 / p99.9 ms", "Gatescope: p50 / p99 / p99.9 ms"), rows)}

Every server at fractions of its own capacity, long reviews. Past its capacity Gatescope refuses with 429 once more
than two seconds of work wait, which a short run may not reach; the others let the queue grow.

![p99 by arrival rate]({plots.name}/latency.svg)

{_by_fraction([row for row in results.open if not row.kind.startswith("against")])}
"""


def _same(one: Figures, other: Figures) -> bool:
    return one.reviews == other.reviews


def _tail(row: Figures) -> str:
    return f"{row.p50:.1f} / {row.p99:.1f} / {row.p999:.1f}"


def _by_fraction(opened: Sequence[Figures]) -> str:
    long = [row for row in opened if row.reviews == "long"]
    fractions = sorted({row.fraction for row in long if row.fraction})
    found = {(row.server, row.kind, row.fraction): row for row in long}

    def cell(row: Figures) -> str:
        refused = row.refused / (row.refused + row.answered)
        return f"{row.p50:.0f} / {row.p99:.0f}" + (f" ({refused:.0%} refused)" if row.refused else "")

    rows = [(" ".join(who), *(cell(found[*who, part]) for part in fractions)) for who in _servers(long)]
    return _table(("p50 / p99 ms at", *(f"{fraction:.1f}" for fraction in fractions)), rows)


def _lonely(found: Sequence[Lonely]) -> str:
    rows = [
        (one.reviews, *(f"{value:.2f}" for value in (one.request, one.http, one.words, one.graph, one.over)))
        for one in found
    ]
    head = ("p50, ms", "request", "HTTP (`/health/live`)", "words", "bare graph", "over the sum")
    text = "One connection, one request at a time, on Gatescope; what it can't do without, measured apart."
    return f"{text}\n\n{_table(head, rows)}"


def _crowd(found: Sequence[Figures]) -> str:
    rows = [
        (
            str(row.connections),
            f"{row.rate:,.0f}",
            f"{row.p50:.0f} / {row.p99:.0f}",
            f"{row.refused:,}",
            f"{row.failed}",
            f"{row.memory / 2**20:.0f}",
        )
        for row in found
    ]
    head = ("connections", "requests/s", "p50 / p99 ms", "refused", "failed", "most memory, MiB")
    return f"Long reviews, Gatescope as it comes, every connection always busy.\n\n{_table(head, rows)}"


def _engine(engine: Engine) -> str:
    rows = []
    for name, found in engine.items():
        rate = {way: row["reviews_per_second"] for way, row in found.items()}
        best = max((way for way in rate if way.startswith("sorted")), key=lambda way: rate[way])
        rows.append(
            (
                name,
                f"{rate['one at a time']:,.0f}",
                f"{rate['FIFO 32']:,.0f}",
                f"{rate[best]:,.0f} ({best.split()[1]} rows)",
                f"{rate['graph, in-flight']:,.0f} ({rate['graph, in-flight'] / rate[best]:.0%})",
                f"{found['graph, in-flight']['waste']:.1%}",
                f"{rate['in-flight']:,.0f} (**{rate['in-flight'] / rate[best]:.0%}**)",
                f"{rate['closed 32']:,.0f} ({rate['closed 32'] / rate[best]:.0%})",
            )
        )
    head = (
        "reviews/s",
        "one at a time",
        "FIFO, 32 rows",
        "sorted, best size",
        "in-flight in ONNX Runtime",
        "its padding",
        "in-flight",
        "the same, 32 senders",
    )
    return f"""No HTTP, no words: ids in, answers out, on one core (`python -m tests.benchmarks.engine`). The first
three are calls of the step graph in ONNX Runtime. *Sorted* needs all reviews before the first answer; it is the optimum
of batches that in-flight batching is held against, in per cent, with all that its asyncio tasks cost. The last two are
the engine as it comes: its compiled loops pad nothing.

{_table(head, rows)}
"""


def _files(files: Files) -> str:
    rows = [
        (
            name,
            f"{found['rows']:,.0f}",
            f"{found['score']:,.0f}",
            f"{found['bare']:,.0f}",
            f"{found['clock']:.0%}",
            f"{found['cpu']:.0%}",
            f"{found['memory'] / 1e6:.0f}",
        )
        for name, found in files.items()
    ]
    head = ("reviews", "rows", "`gatescope score`, rows/s", "bare, rows/s", "by the clock", "by processor time", "MB")
    return f"""`gatescope score`, CSV in and CSV out, on every core, start and model loading included; in per cent
of the bare way: the same texts in memory, tokenised, sorted by length and run through the step graph in batches of the
best size, models loaded (`python -m tests.benchmarks.scoring`).

{_table(head, rows)}
"""


def _search(results: Results) -> str:
    tried = results.tried
    documented = {(row.server, row.setup) for row in results.closed if row.kind == "documented"}
    names = list(dict.fromkeys(row.reviews for row in tried))
    rates = {(row.server, row.setup, row.reviews): row.rate for row in tried}
    best = {(s, n): max(rates[key] for key in rates if key[0] == s and key[2] == n) for s, _, n in rates}
    rows = []
    for server, setup in dict.fromkeys((row.server, row.setup) for row in tried):
        cells = [_bold_if_best(rates[server, setup, name], best[server, name]) for name in names]
        rows.append((f"{server}, {setup}" + " (documented)" * ((server, setup) in documented), *cells))
    head = ("processes x ONNX Runtime threads, rows a batch, wait", *names)
    text = f"Requests a second over {USUAL} connections, one short load each; bold is each peer's best."
    return f"{text}\n\n{_table(head, rows)}"


def _bold_if_best(rate: float, best: float) -> str:
    return f"**{rate:,.0f}**" if rate == best else f"{rate:,.0f}"


def _generator(results: Results) -> str:
    rows = [row for row in results.closed if row.connections == USUAL]
    ours = max((row for row in rows if row.server == "Gatescope"), key=lambda row: row.generator)
    peers = max((row.generator for row in rows if row.server != "Gatescope"), default=0.0)
    return f"""One thread of `tests/benchmarks/load.py` on the same cores: it took at most {ours.generator:.0%} of one
core against Gatescope ({ours.reviews}, {ours.rate:,.0f} requests/s) and at most {peers:.0%} against the others. What it
takes is missing from the server, most from the fastest.
"""


def _servers(rows: Iterable[Figures]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.server, row.kind) for row in rows))


def _rates(rows: Sequence[Figures], who: tuple[str, str], reviews: str) -> list[float]:
    return [row.rate for row in rows if (row.server, row.kind) == who and row.reviews == reviews]


def _faults(rows: Sequence[Figures]) -> str:
    failed, answered = sum(row.failed for row in rows), sum(row.answered for row in rows)
    return f"{answered:,} answers were checked; {failed:,} requests failed or were answered wrongly."
