"""Beyond its capacity the service answers what it can, refuses the rest and stays alive: the short form."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.connection import request
from tests.load.overload import overload
from tests.load.typed import typed
from tests.serving import serving


@pytest.fixture(scope="module")
def port(repository: Path) -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATESCOPE_MAX_QUEUE_SECONDS", "0.01")
        with serving(repository, "--workers", "2") as root:
            yield int(root.rpartition(":")[2])


def test_clients_that_retry_at_once_are_answered_or_refused(port: int) -> None:
    sent = request("/v1/predict", {"text": "an amazing film that was not bad at all " * 228})
    load = overload(port, sent, connections=100, seconds=2)
    assert load.statuses[200]
    assert set(load.statuses) <= {200, 429}


def test_batches_are_admitted_or_refused(port: int) -> None:
    load = overload(port, request("/v1/batch", ["a great film"] * 1000), connections=20, seconds=2)
    assert load.statuses[200]
    assert set(load.statuses) <= {200, 429}


def test_everyone_who_types_hears_of_every_word(port: int) -> None:
    assert "10 streams" in asyncio.run(typed(port, streams=10, seconds=1))
