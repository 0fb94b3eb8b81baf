"""Many people who type at once on `/v1/stream`: how long each waits for what the model says of a word."""

import asyncio
import json
import time
from random import Random

import numpy as np
from websockets.asyncio.client import connect

WORDS = ["this", "film", "is", "not", "bad", "at", "all", "and", "the", "ending", "was", "an", "amazing", "surprise"]
PAUSE = 0.2
"""Seconds from one word to the next: five words a second."""


async def typed(port: int, streams: int, seconds: float) -> str:
    """What `streams` people waited who type for so long, each beginning at a moment of their own."""
    found = await asyncio.gather(*(_type(port, number, seconds) for number in range(streams)))
    waited = [1000 * wait for waits in found for wait in waits]
    p50, p99 = np.percentile(waited, (50, 99))
    return f"{streams} streams, {len(waited) / seconds:.0f} words/s: p50 {p50:.1f} ms, p99 {p99:.1f} ms a word"


async def _type(port: int, number: int, seconds: float) -> list[float]:
    """Seconds from each word to its prediction."""
    random, waits = Random(number), list[float]()
    async with connect(f"ws://127.0.0.1:{port}/v1/stream", compression=None) as socket:
        await asyncio.sleep(random.uniform(0, PAUSE))
        until = time.perf_counter() + seconds
        while (sent := time.perf_counter()) < until:
            word = random.choice(WORDS)
            await socket.send(json.dumps({"text": f"{word} "}))
            said = json.loads(await socket.recv())
            assert said["word"] == word and not said["preview"], said
            waits.append(time.perf_counter() - sent)
            await asyncio.sleep(max(0.0, sent + PAUSE - time.perf_counter()))
    return waits
