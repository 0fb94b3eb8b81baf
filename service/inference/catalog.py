"""Which versions are served. A load or unload swaps the whole table at once: no request sees half of it."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import structlog
from pydantic import BaseModel, Field

from models.bundle.files import InvalidBundle
from models.bundle.repository import model_names, versions
from models.bundle.select import NoSuchModel, candidates, default_name, newest_valid, read_version
from service.engine import Engine
from service.errors import Conflict, NotReady, ServiceError, UnknownModel, where
from service.inference.model import Model
from service.metrics.recorder import Recorder

log = structlog.get_logger("gatescope")


class ModelState(BaseModel):
    """A version in the repository: served or not, and why not."""

    name: str
    version: str
    state: Annotated[str, Field(description="READY, LOADING or UNAVAILABLE")]
    reason: str


Table = Mapping[str, tuple[Model, ...]]
"""Served versions by model name; the first of a name answers where no version is asked for."""


class Catalog:
    """The served versions of the models of one repository."""

    def __init__(
        self, repository: Path, engine: Engine, recorder: Recorder, *, default: str | None = None, keep: int = 1
    ) -> None:
        self._repository, self._engine, self._recorder = repository, engine, recorder
        self._default, self._keep = default, keep
        self._table: Table = MappingProxyType({})
        self._refused: dict[tuple[str, int], str] = {}
        self._loading: set[str] = set()
        self._changing = asyncio.Lock()
        self.started = False

    def __iter__(self) -> Iterator[Model]:
        for name in sorted(self._table):
            yield from self._table[name]

    def newest(self) -> list[Model]:
        """One version of every model, by name: the one that answers where no version is asked for."""
        return [self._table[name][0] for name in sorted(self._table)]

    def default_name(self) -> str | None:
        """The model that answers where none is named: the one set, else `lstm`, else the first by name."""
        return default_name(self._table, self._default)

    def find(self, name: str | None = None, version: int | None = None) -> Model:
        """The served version that a request means. Raises `UnknownModel`, `NotReady`."""
        wanted = name if name is not None else self.default_name()
        found = self._table.get(wanted or "", ())
        if found and version is None:
            return found[0]
        for model in found:
            if model.version == version:
                return model
        if not self.started or wanted in self._loading:
            raise NotReady("models are being loaded")
        raise UnknownModel(f"{_asked(wanted, version)}; served: {self._served() or 'nothing'}")

    def versions_of(self, name: str) -> tuple[Model, ...]:
        """The served versions of a model, newest first. Raises as `find` does."""
        self.find(name)
        return self._table[name]

    async def start(self) -> None:
        """Load the newest valid versions of every model; those that can't be served are named in `states`."""
        names = await asyncio.to_thread(model_names, self._repository)
        self._loading.update(names)
        if not names:
            log.error("the repository has no model", repository=str(self._repository))
        for name in names:
            try:
                await self.load(name)
            except ServiceError as error:
                log.error("model is not served", model=name, reason=error.detail)
        self.started = True

    async def load(self, name: str, version: int | None = None) -> None:
        """Serve a version, or the newest valid ones, in place of those served so far; these finish their requests.

        Raises `UnknownModel` where the repository has no such version and `Conflict` where none of them is valid; then
        nothing changes.
        """
        self._loading.add(name)
        try:
            async with self._changing:
                before = self._table.get(name, ())
                after = await self._open(name, version, before)
                self._swap(name, after)
        finally:
            self._loading.discard(name)
        await self._retire([model for model in before if model not in after])

    async def unload(self, name: str) -> None:
        """Stop serving a model once its accepted requests are answered. Raises `UnknownModel`."""
        async with self._changing:
            before = self._table.get(name)
            if before is None:
                raise UnknownModel(f"{_asked(name, None)}; served: {self._served() or 'nothing'}")
            self._swap(name, ())
        await self._retire(before)

    def states(self) -> list[ModelState]:
        """Every version in the repository and every served one, with why one is not served."""
        served = {(model.name, model.version) for model in self}
        known = {
            (name, version) for name in model_names(self._repository) for version in versions(self._repository, name)
        }
        return [self._state(name, version, (name, version) in served) for name, version in sorted(known | served)]

    def missing(self) -> list[str]:
        """The models of the repository none of whose versions is valid."""
        refused = {name for name, _ in self._refused}
        return sorted(refused - set(self._table))

    def _state(self, name: str, version: int, served: bool) -> ModelState:
        if served:
            return ModelState(name=name, version=str(version), state="READY", reason="")
        state = "LOADING" if name in self._loading else "UNAVAILABLE"
        reason = self._refused.get((name, version), "" if state == "LOADING" else "not loaded")
        return ModelState(name=name, version=str(version), state=state, reason=reason)

    async def _open(self, name: str, version: int | None, before: tuple[Model, ...]) -> tuple[Model, ...]:
        there = {model.version: model for model in before}
        keep = self._keep if version is None else 1
        try:
            numbers = await asyncio.to_thread(candidates, self._repository, name, version)
            found = await asyncio.to_thread(newest_valid, numbers, partial(self._reopen, name, there), keep)
        except NoSuchModel as error:
            raise UnknownModel(str(error)) from error
        except InvalidBundle as error:
            raise Conflict(f"no valid version of {name}: {self._reason(error)}") from error
        return found.opened

    def _reopen(self, name: str, there: Mapping[int, Model], version: int) -> Model:
        """The version that is served already, or else one that is read now."""
        return there.get(version) or self._read(name, version)

    def _read(self, name: str, version: int) -> Model:
        try:
            bundle = read_version(self._repository, name, version)
            model = Model.load(bundle, self._engine, self._recorder)
        except InvalidBundle as error:
            self._refused[name, version] = reason = self._reason(error)
            self._recorder.loaded(name, version, "failed")
            at = where(error.__cause__) if error.__cause__ else []
            log.error("bundle refused", model=name, version=version, reason=reason, at=at)
            raise
        self._refused.pop((name, version), None)
        self._recorder.loaded(name, version, "ok")
        seconds, computes = round(model.load_seconds, 3), model.served.session.backend
        log.info("model loaded", model=name, version=version, seconds=seconds, computes=computes)
        return model

    def _reason(self, error: InvalidBundle) -> str:
        """What is wrong, without where the repository lies on this machine."""
        return str(error).replace(f"{self._repository}{os.sep}", "")

    def _swap(self, name: str, models: tuple[Model, ...]) -> None:
        others = {other: served for other, served in self._table.items() if other != name}
        self._table = MappingProxyType(others | ({name: models} if models else {}))

    async def _retire(self, models: list[Model] | tuple[Model, ...]) -> None:
        for model in models:
            while model.holders:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(self._engine.unload, model.served)

    def _served(self) -> str:
        return ", ".join(f"{model.name} version {model.version}" for model in self)


def _asked(name: str | None, version: int | None) -> str:
    if name is None:
        return "no model is served"
    asked = name[:64] if version is None else f"{name[:64]} version {version}"
    return f"no {asked}"
