"""What a repository has, and whether it is served."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, Field

from models.bundle.repository import model_names, versions

Key = tuple[str, int]
"""Name and number of a version."""

log = structlog.get_logger("gatescope")


class ModelState(BaseModel):
    """A version in the repository: served or not, and why not."""

    name: str
    version: str
    state: Annotated[str, Field(description="READY, LOADING or UNAVAILABLE")]
    reason: str


def model_states(repository: Path, served: Set[Key], loading: Set[str], refused: Mapping[Key, str]) -> list[ModelState]:
    """Return every version in the repository and every `served` one; `refused` says why versions were not loaded."""
    return [
        ModelState(name=name, version=str(version), state="READY", reason="")
        if (name, version) in served
        else _not_served(name, version, name in loading, refused.get((name, version)))
        for name, version in sorted(_versions_in(repository) | served)
    ]


def _not_served(name: str, version: int, loading: bool, refused: str | None) -> ModelState:
    state, reason = ("LOADING", "") if loading else ("UNAVAILABLE", "not loaded")
    return ModelState(name=name, version=str(version), state=state, reason=refused or reason)


def _versions_in(repository: Path) -> Set[Key]:
    """Return every version that is there; none where the repository can't be read."""
    try:
        return {(name, version) for name in model_names(repository) for version in versions(repository, name)}
    except OSError as error:
        log.error("the repository can not be read", reason=error.strerror)
        return frozenset()
