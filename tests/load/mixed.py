"""Clients of every kind at once, who know every answer beforehand: that of the same model alone, in their process."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import websockets

import gatescope
from tests.bundles import WORDS
from tests.load.connection import Connection, request

MODEL = "lstm"
TOLERANCE = 1e-5
PAUSE = 0.05
"""Seconds that a client waits between two requests, on average: together they stay below what the service can do."""

Known = Mapping[int, Mapping[str, Mapping[str, float]]]
"""The probabilities of a text by label, by version and text."""
Ask = Callable[[Connection, str], Awaitable[None]]


def make_texts(count: int = 40) -> list[str]:
    """Texts of 3 to 300 words, and some of 1,500."""
    random = Random(0)
    lengths = [1500 if number % 10 == 9 else random.randint(3, 300) for number in range(count)]
    return [" ".join(random.choices(WORDS, k=length)) for length in lengths]


def one_shot(repository: Path, texts: Sequence[str]) -> Known:
    """What every version says of every text, without a server."""
    versions = [int(folder.name) for folder in (repository / MODEL).iterdir()]
    said = {
        version: gatescope.load(MODEL, version=version, repository=repository).predict(texts) for version in versions
    }
    return {
        version: {text: each.probabilities for text, each in zip(texts, answers, strict=True)}
        for version, answers in said.items()
    }


@dataclass
class Tally:
    """What became of all requests, by kind; seconds of those of `/v1/predict`."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    swaps: int = 0

    def __str__(self) -> str:
        right = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.right.items()))
        lost = ", ".join(f"{kind} {count}" for kind, count in sorted(self.lost.items())) or "none"
        return f"right: {right}; wrong: {len(self.wrong)}; lost: {lost}; swaps: {self.swaps}"


class Clients:
    """Ask a service on `port` until they are cancelled. `swap` has it serve another version of the model."""

    def __init__(self, port: int, known: Known, tally: Tally) -> None:
        self._port, self._known, self._tally = port, known, tally
        self._texts = list(next(iter(known.values())))
        self._versions = sorted(known)
        self._served = {self._versions[-1]}
        self._random = Random(1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """All clients ask while this holds."""
        kinds: dict[str, tuple[int, Ask]] = {
            "predict": (8, self._predict),
            "batch": (2, self._batch),
            "lines": (1, self._lines),
            "stream": (2, self._stream),
            "trace": (2, self._trace),
        }
        asking = [self._keep_asking(kind, ask) for kind, (count, ask) in kinds.items() for _ in range(count)]
        tasks = [asyncio.create_task(each) for each in asking]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    async def swap(self) -> None:
        """Have the service serve the next version, and no other once this has returned."""
        old = max(self._served)
        new = self._versions[(self._versions.index(old) + 1) % len(self._versions)]
        self._served = {old, new}
        async with Connection(self._port) as connection:
            sent = request(f"/v2/repository/models/{MODEL}/load", {"parameters": {"version": new}})
            answer = await connection.ask(sent)
        assert answer.status == 200, answer.body
        self._served = {new}
        self._tally.swaps += 1

    async def _keep_asking(self, kind: str, ask: Ask) -> None:
        """Ask with one text after another; a connection that ends early is a request that is lost."""
        while True:
            try:
                async with Connection(self._port) as connection:
                    while True:
                        await ask(connection, self._random.choice(self._texts))
                        await asyncio.sleep(self._random.uniform(0, 2 * PAUSE))
            except (OSError, EOFError, websockets.WebSocketException) as error:
                self._tally.lost[f"{kind}: {type(error).__name__}"] += 1

    async def _predict(self, connection: Connection, text: str) -> None:
        started, allowed = time.monotonic(), self._served
        answer = await connection.ask(request("/v1/predict", {"text": text}))
        self._tally.seconds.append(time.monotonic() - started)
        if self._answered("predict", answer.status):
            self._check("predict", [text], [json.loads(answer.body)], allowed)

    async def _batch(self, connection: Connection, _: str) -> None:
        texts, allowed = self._random.choices(self._texts, k=20), self._served
        answer = await connection.ask(request("/v1/batch", texts))
        if self._answered("batch", answer.status):
            self._check("batch", texts, json.loads(answer.body), allowed)

    async def _lines(self, connection: Connection, _: str) -> None:
        texts, allowed = self._random.choices(self._texts, k=50), self._served
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        answer = await connection.ask(request("/v1/batch", lines, "application/x-ndjson"))
        if self._answered("lines", answer.status):
            self._check("lines", texts, [json.loads(line) for line in answer.body.splitlines()][:-1], allowed)

    async def _trace(self, connection: Connection, text: str) -> None:
        allowed = self._served
        answer = await connection.ask(request("/v1/trace", {"text": text}))
        if self._answered("trace", answer.status):
            trace = json.loads(answer.body)
            said = {"version": trace["model"]["version"], "probabilities": trace["prediction"]["probabilities"]}
            self._check("trace", [text], [said], allowed)

    async def _stream(self, _: Connection, text: str) -> None:
        allowed = self._served
        async with websockets.connect(f"ws://127.0.0.1:{self._port}/v1/stream", max_size=None) as socket:
            for piece in _pieces(text, self._random):
                await socket.send(json.dumps({"text": piece}))
            await socket.send(json.dumps({"end": True}))
            heard = [json.loads(message) async for message in socket]
        if self._answered("stream", 200 if heard and heard[-1].get("final") else 500):
            self._check("stream", [text], heard[-1:], allowed)

    def _answered(self, kind: str, status: int) -> bool:
        if status != 200:
            self._tally.lost[f"{kind}: {status}"] += 1
        return status == 200

    def _check(self, kind: str, texts: Sequence[str], said: Sequence[Mapping[str, Any]], allowed: set[int]) -> None:
        """Compare every answer with the one-shot one of the version that it names, which must have been served."""
        allowed = allowed | self._served
        right = len(said) == len(texts) and all(
            each["version"] in allowed and _close(each["probabilities"], self._known[each["version"]][text])
            for text, each in zip(texts, said, strict=True)
        )
        if right:
            self._tally.right[kind] += 1
        else:
            self._tally.wrong.append(kind)


def _close(said: Mapping[str, float], known: Mapping[str, float]) -> bool:
    return said.keys() == known.keys() and all(abs(said[label] - known[label]) <= TOLERANCE for label in known)


def _pieces(text: str, random: Random) -> Iterator[str]:
    """The text in pieces, as if typed quickly."""
    start = 0
    while start < len(text):
        end = start + random.randint(1, 400)
        yield text[start:end]
        start = end
