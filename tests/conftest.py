"""What all tests share: a repository of small bundles, made once a session."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from models.bundle.files import Bundle, read
from models.network.equations import BUILT_IN, CELLS
from tests.bundles import corpus, random_weights, write_bundle

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rnn`, `lstm` and `gru`, version 1 each, of seeded weights. Read only: a test that writes copies it first.

    `lstm` has a corpus, `gru` one without texts, `rnn` none.
    """
    folder = tmp_path_factory.mktemp("repository")
    for seed, cell in enumerate(BUILT_IN):
        weights = random_weights(cell, seed=seed)
        known = None if cell == "rnn" else corpus(weights, keep_texts=cell == "lstm")
        write_bundle(folder, cell, weights, corpus=known)
    return folder


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that runs within a test sets logging up for good, on a stream that ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def bundles(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle of every cell: those of the repository, and the others."""
    others = tmp_path_factory.mktemp("others")
    for seed, cell in enumerate(CELLS):
        if cell not in BUILT_IN:
            write_bundle(others, cell, random_weights(cell, seed=seed))
    return {cell: read((repository if cell in BUILT_IN else others) / cell / "1") for cell in CELLS}
