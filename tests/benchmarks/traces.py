"""What a trace costs at the service, part by part: `python -m tests.benchmarks.traces`.

One client, one request at a time, one worker process; the fixed LSTM, or the models named after `--repository`. The
kinds of request take turns, so that whatever else the machine does falls on all alike. Milliseconds from request to
last byte: the median, and the lowest. Below each table: the processor time of a default trace beside a prediction.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import httpx

from export.data.sources import load
from models.text.words import words
from tests.benchmarks.fixed import NAME, fixed_bundle
from tests.benchmarks.machine import processor
from tests.benchmarks.process import Command, Running, free_port, running
from tests.benchmarks.reviews import built_in_texts

PARTS = ["write", "memory", "gradient", "gates", "tensors", "occlusion"]
QUICK = PARTS[:-1]
LENGTHS = (20, 250, 1000)
WARM_UP, REPEATS = 3, 20
PATIENCE = 2000.0
COMPARED, BLOCKS, BLOCK = 250, 8, 100
"""Words of the text whose processor time is compared, and requests: blocks of each kind, and how many in one."""


def main() -> None:
    """Print a table a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=[NAME], help="models of the repository")
    parser.add_argument("--repository", type=Path, help="a folder of bundles, served instead of the fixed model")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = asked.repository or Path(folder)
        if asked.repository is None:
            fixed_bundle(repository, built_in_texts())
        port = free_port()
        serve = [sys.executable, "-m", "gatescope", "serve", "--repository", str(repository), "--port", str(port)]
        probe = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        environment = {"GATESCOPE_WORKERS": "1", "GATESCOPE_THREADS": "1"}
        with (
            running(Command(serve, Path.cwd(), environment), port, probe, Path(folder) / "log") as server,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
        ):
            print(processor())
            for model in asked.models:
                print(f"\n{model}\n")
                _table([_costs(client, model, _text(length)) for length in LENGTHS])
                _processor_time(server, client, model, _text(COMPARED))


def _processor_time(server: Running, client: httpx.Client, model: str, text: str) -> None:
    """Print what the service computes for a prediction and for a default trace of one text, in turns."""
    content = json.dumps({"text": text, "model": model}).encode()
    used: dict[str, list[float]] = {"/v1/predict": [], "/v1/trace": []}
    for _ in range(BLOCKS):
        for path, spent in used.items():
            before = server.cpu()
            for _ in range(BLOCK):
                client.post(path, content=content, headers={"Content-Type": "application/json"}).raise_for_status()
            spent.append(1000 * (server.cpu() - before) / BLOCK)
    predictions, traces = used.values()
    times = statistics.median(trace / prediction for prediction, trace in zip(predictions, traces, strict=True))
    print(f"\n{COMPARED} words, processor time: prediction {statistics.median(predictions):.2f} ms, ", end="")
    print(f"default trace {statistics.median(traces):.2f} ms, {times:.2f} times as much")


def _table(columns: list[dict[str, str]]) -> None:
    print(f"| milliseconds | {' | '.join(f'{length} words' for length in LENGTHS)} |")
    print(f"|---|{'---:|' * len(LENGTHS)}")
    for name in columns[0]:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")


def _requests() -> list[tuple[str, str, Mapping[str, object], Mapping[str, str]]]:
    every = {"include": QUICK, "tensors": {"units": "all"}}
    packed = {"Accept": "application/x-msgpack"}
    return [
        ("prediction", "/v1/predict", {}, {}),
        ("default trace", "/v1/trace", {}, {}),
        *((f"with `{part}`", "/v1/trace", {"include": [part]}, {}) for part in PARTS),
        ("with `tensors`, all units", "/v1/trace", {"include": ["tensors"], "tensors": {"units": "all"}}, {}),
        ("everything but `occlusion`", "/v1/trace", {"include": QUICK}, {}),
        ("the same, all units, JSON", "/v1/trace", every, {}),
        ("the same, all units, msgpack", "/v1/trace", every, packed),
        ("everything", "/v1/trace", {"include": PARTS}, {}),
        ("everything, all units, msgpack", "/v1/trace", every | {"include": PARTS}, packed),
    ]


def _text(length: int) -> str:
    """The first `length` words of built-in long reviews, one after another."""
    text = " ".join(row.text for row in load("critics-long").rows[:20])
    return text[: list(islice(words(text), length))[-1].end]


def _costs(client: httpx.Client, model: str, text: str) -> dict[str, str]:
    """Median and lowest cost of every kind of request; a slow one takes fewer turns."""
    took: dict[str, list[float]] = {}
    for turn in range(WARM_UP + REPEATS):
        for name, path, fields, headers in _requests():
            spent = took.setdefault(name, [])
            if turn >= WARM_UP + 3 and sum(spent) > PATIENCE:
                continue
            content = json.dumps({"text": text, "model": model, **fields}).encode()
            started = time.perf_counter()
            answer = client.post(path, content=content, headers={"Content-Type": "application/json", **headers})
            milliseconds = 1000 * (time.perf_counter() - started)
            answer.raise_for_status()
            if turn >= WARM_UP:
                spent.append(milliseconds)
    return {name: f"{statistics.median(spent):.1f} ({min(spent):.1f})" for name, spent in took.items()}


if __name__ == "__main__":
    main()
