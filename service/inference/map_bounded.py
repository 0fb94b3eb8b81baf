"""Many reviews of one request: classified side by side, a window at a time, answered in their order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

WINDOW = 64

Row = TypeVar("Row")
Answer = TypeVar("Answer")


async def map_bounded(rows: Sequence[Row], classify: Callable[[int, Row], Awaitable[Answer]]) -> list[Answer]:
    """Return `classify(number, row)` of every row, `WINDOW` at once. The first error ends the others and is raised."""
    if len(rows) == 1:
        return [await classify(0, rows[0])]
    answers: dict[int, Answer] = {}
    left = iter(enumerate(rows))

    async def work() -> None:
        for number, row in left:
            answers[number] = await classify(number, row)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(WINDOW, len(rows))):
            group.create_task(work())
            await asyncio.sleep(0)  # the event loop answers others between two texts
    return [answers[number] for number in range(len(rows))]
