"""How many processes and threads serve, by the cores of the machine."""

import pytest

from service.cores import split_cores
from service.settings import Settings


@pytest.mark.parametrize(
    ("asked", "available", "chosen"),
    [
        ({}, 1, (1, 1)),
        ({}, 2, (2, 1)),
        ({}, 16, (16, 1)),
        ({"workers": 2}, 4, (2, 2)),
        ({"threads": 2}, 2, (2, 2)),
        ({"provider": "cuda"}, 16, (1, 1)),
    ],
)
def test_cores_are_split_into_workers_and_threads(
    asked: dict[str, object], available: int, chosen: tuple[int, int]
) -> None:
    settings = split_cores(Settings(**asked), available)  # type: ignore[arg-type]
    assert (settings.workers, settings.threads) == chosen
