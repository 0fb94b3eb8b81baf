"""Versions of models, from the repository into the engine: read, checked and warmed up, within a bound of time.

A version whose SHA-256 is known is taken with that content only: what was served once under a number does not change.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import structlog

from models.bundle.aliases import InvalidVersionsFile
from models.bundle.files import InvalidBundle
from models.bundle.select import NoSuchModel, newest_valid, read_version
from models.bundle.served_versions import WantedVersions
from service.engine import Engine, Model
from service.errors import Conflict, UnknownModel, where
from service.inference.in_thread import in_thread
from service.metrics.recorder import Recorder

log = structlog.get_logger("gatescope")


class Opened(NamedTuple):
    """The versions of a model that are served from now on, and its aliases."""

    models: tuple[Model, ...]
    aliases: Mapping[str, int]


class Loader:
    """Opens versions. `sha256` is the content that each is known with, `refused` why some were not opened."""

    def __init__(self, repository: Path, engine: Engine, recorder: Recorder, timeout: float) -> None:
        self._repository, self._engine, self._recorder, self._timeout = repository, engine, recorder, timeout
        self.sha256: dict[tuple[str, int], str] = {}
        self.refused: dict[tuple[str, int], str] = {}

    async def open(self, name: str, find: Callable[[], WantedVersions], served: tuple[Model, ...]) -> Opened:
        """Return what `find` says is wanted; those of the `served` ones that are wanted stay as they are.

        Raises `UnknownModel` where the repository has no such version, and `Conflict` where none of them is valid, the
        folder of one that is served holds something else by now, or it takes longer than `timeout` seconds.
        """
        there = {model.version: model for model in served}

        def work() -> Opened:
            wanted = find()
            reopen = partial(self._reopen, name, there)
            opened = newest_valid(wanted.numbers, reopen, wanted.keep).opened
            named = sorted(set(wanted.aliases.values()) - {model.version for model in opened}, reverse=True)
            with contextlib.suppress(InvalidBundle):  # then these aliases mean nothing, and the log says why
                opened += newest_valid(named, reopen, len(named)).opened if named else ()
            return Opened(opened, wanted.aliases)

        def discard(opened: Opened) -> None:
            for model in opened.models:
                if model not in there.values():
                    self._engine.unload(model)

        try:
            return await in_thread(work, self._timeout, discard)
        except NoSuchModel as error:
            raise UnknownModel(str(error)) from error
        except InvalidBundle as error:
            raise Conflict(f"no valid version of {name}: {self._reason(error)}") from error
        except InvalidVersionsFile as error:
            raise Conflict(str(error)) from error
        except TimeoutError:
            raise Conflict(f"{name} was not loaded within {self._timeout:g} s") from None

    def _reopen(self, name: str, there: Mapping[int, Model], version: int) -> Model:
        """Return the version that is served already, or else one that is read now.

        Raises `Conflict` where the folder of the one that is served holds something else by now.
        """
        served = there.get(version)
        if served is None or served.bundle.sha256 != self.sha256[name, version]:
            return self._read(name, version)
        try:
            read_version(self._repository, name, version, served.bundle.sha256)
        except InvalidBundle as error:
            raise Conflict(f"{self._reason(error)}; what was loaded before is served on") from error
        return served

    def _read(self, name: str, version: int) -> Model:
        try:
            bundle = read_version(self._repository, name, version, self.sha256.get((name, version)))
            model = self._engine.load(bundle)
        except InvalidBundle as error:
            self.refused[name, version] = reason = self._reason(error)
            self._recorder.loaded(name, version, "failed")
            at = where(error.__cause__) if error.__cause__ else []
            log.error("bundle refused", model=name, version=version, reason=reason, at=at)
            raise
        self.refused.pop((name, version), None)
        self.sha256[name, version] = bundle.sha256
        self._recorder.loaded(name, version, "ok")
        seconds, computes = round(model.load_seconds, 3), model.session.backend
        log.info("model loaded", model=name, version=version, seconds=seconds, computes=computes)
        return model

    def _reason(self, error: InvalidBundle) -> str:
        """Return what is wrong, without where the repository lies on this machine."""
        return str(error).replace(f"{self._repository}{os.sep}", "")
