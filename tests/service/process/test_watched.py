"""A process ends where a task has ended without which it must not go on: its supervisor replaces it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from service.api.app import create_service
from service.settings import Settings

KILL = """
import asyncio, sys
from service.metrics.sampler import MetricsSampler
from gatescope.command_line import main

async def fail(self):
    await asyncio.sleep(0.5)
    raise RuntimeError("gone")

MetricsSampler.run = fail
sys.argv = ["gatescope", "serve", "--port", "0", "--workers", "1", "--repository", sys.argv[1]]
main()
"""


def test_a_service_whose_keeper_of_metrics_fails_ends(repository: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILL, str(repository)], capture_output=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert b"the service can not go on" in ended.stderr


@pytest.mark.parametrize("named", ["_serve", "MetricsSampler.run"])
def test_a_task_that_is_cancelled_ends_the_process(repository: Path, named: str) -> None:
    async def work() -> bool:
        service = create_service(Settings(repository=repository, follow_seconds=60))
        async with service.litestar.lifespan():
            while not service.context.catalog.started:
                await asyncio.sleep(0.01)
            (task,) = [task for task in asyncio.all_tasks() if named in repr(task)]
            task.cancel()
            await asyncio.wait([task])
            await asyncio.sleep(0)
            return service.context.failed

    assert asyncio.run(work())
