"""Follow a repository: serve what it has by now, so that all services that read it serve the same."""

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from models.bundle.aliases import FILE as ALIASES
from models.bundle.aliases import InvalidVersionsFile
from models.bundle.repository import model_names, versions
from models.bundle.served_versions import FILE as WANTED
from models.bundle.served_versions import ServedVersions, wanted_versions
from service.errors import ServiceError

log = structlog.get_logger("gatescope")

File = tuple[str, int, int]
"""The path, size and time of change of a file."""


class Listing(NamedTuple):
    """The files of a repository at one moment: those of every model, and `wanted.json` where there is one."""

    models: dict[str, frozenset[File]]
    wanted: frozenset[File]


class Changes(Protocol):
    """Changes what is served, in every worker process; returns when all have."""

    async def load(self, name: str, version: int | str | None = None) -> None:
        """Serve a version, or the newest valid one. Raises `ServiceError` where there is none."""

    async def unload(self, name: str) -> None:
        """Stop serving a model. Raises `ServiceError` where it is not served."""

    async def serve(self, versions: ServedVersions) -> None:
        """Serve exactly these versions. What can't be loaded is logged."""


async def follow(repository: Path, seen: Listing, seconds: float, changes: Changes) -> None:
    """Look at the repository every `seconds`, and serve what has changed since `seen`; never returns.

    A repository that can't be read, or has no model at all, changes nothing.
    """
    while True:
        await asyncio.sleep(seconds)
        try:
            now = await asyncio.to_thread(list_files, repository)
        except OSError as error:
            log.error("the repository can not be read", reason=error.strerror)
            continue
        if now.models and now != seen:
            before, seen = seen, now
            try:
                await _serve(repository, before, now, changes)
            except InvalidVersionsFile as error:
                log.error("what is served stays as it is", reason=str(error))


def list_files(repository: Path) -> Listing:
    """Return the files of every version in a repository. Raises `OSError`."""
    wanted = repository / WANTED
    return Listing(
        {name: frozenset(_files_of(repository, name)) for name in model_names(repository)},
        frozenset([_stat(wanted)] if wanted.exists() else ()),
    )


def _files_of(repository: Path, name: str) -> Iterator[File]:
    if (aliases := repository / name / ALIASES).exists():
        yield _stat(aliases)
    for version in versions(repository, name):
        for file in (repository / name / str(version)).iterdir():
            yield _stat(file)


def _stat(file: Path) -> File:
    found = file.lstat()
    return str(file), found.st_size, found.st_mtime_ns


async def _serve(repository: Path, before: Listing, now: Listing, changes: Changes) -> None:
    wanted = await asyncio.to_thread(wanted_versions, repository)
    if wanted is not None:
        await changes.serve(wanted)
        return
    for name in before.models.keys() - now.models:
        await _try(changes.unload(name), name)
    for name, files in now.models.items():
        if files != before.models.get(name) or before.wanted:
            await _try(changes.load(name), name)


async def _try(change: Awaitable[None], name: str) -> None:
    try:
        await change
    except ServiceError as error:
        log.error("model stays as it was", model=name, reason=error.detail)
