"""Which versions are served. A load or unload swaps the whole table at once: no request sees half of it."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import structlog
from pydantic import BaseModel, Field

from models.bundle.files import InvalidBundle
from models.bundle.repository import model_names, versions
from models.bundle.select import NoSuchModel, candidates, default_name, newest_valid, read_version
from models.bundle.wanted import read_wanted
from service.engine import Engine, Model
from service.errors import Conflict, NotReady, ServiceError, UnknownModel, where
from service.inference.in_thread import in_thread
from service.metrics.recorder import Recorder

log = structlog.get_logger("gatescope")


class ModelState(BaseModel):
    """A version in the repository: served or not, and why not."""

    name: str
    version: str
    state: Annotated[str, Field(description="READY, LOADING or UNAVAILABLE")]
    reason: str


ServedVersions = Mapping[str, tuple[tuple[int, str | None], ...]]
"""The versions of every model that should be served, the newest first; none where no version is valid.

With each stands the SHA-256 of its bundle, where it was read before.
"""

Table = Mapping[str, tuple[Model, ...]]
"""Served versions by model name; the first of a name answers where no version is asked for."""


class Catalog:
    """The served versions of the models of one repository."""

    def __init__(
        self,
        repository: Path,
        engine: Engine,
        recorder: Recorder,
        *,
        default: str | None = None,
        keep: int = 1,
        load_timeout: float = 60.0,
    ) -> None:
        self._repository, self._engine, self._recorder = repository, engine, recorder
        self._default, self._keep, self._load_timeout = default, keep, load_timeout
        self._table: Table = MappingProxyType({})
        self._refused: dict[tuple[str, int], str] = {}
        self._sha256: dict[tuple[str, int], str] = {}
        self._loading: set[str] = set()
        self._unserved: set[str] = set()
        self._changing = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.started = False

    def __iter__(self) -> Iterator[Model]:
        for name in sorted(self._table):
            yield from self._table[name]

    def newest(self) -> list[Model]:
        """Return one version of every model, by name: the one that answers where no version is asked for."""
        return [self._table[name][0] for name in sorted(self._table)]

    def default_name(self) -> str | None:
        """Return the model that answers where none is named: the one set, else `lstm`, else the first by name."""
        return default_name(self._table, self._default)

    def default(self) -> Model | None:
        """Return the served version that answers where nothing is named; None where there is none."""
        return next(iter(self._table.get(self.default_name() or "", ())), None)

    def find(self, name: str | None = None, version: int | None = None) -> Model:
        """Return the served version that a request means. Raises `UnknownModel`, `NotReady`."""
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
        """Return the served versions of a model, newest first. Raises as `find` does."""
        self.find(name)
        return self._table[name]

    async def start(self, versions: ServedVersions | None = None) -> None:
        """Serve these versions, or else what `wanted.json` says, or else the newest valid ones of every model.

        Models without a version that can be served are named in `missing` and in `states`. Raises `InvalidWanted`.
        """
        if versions is None:
            await self._serve_repository()
        else:
            await self.serve(versions)
        self.started = True

    async def load(self, name: str, version: int | None = None) -> None:
        """Serve a version, or the newest valid ones, in place of those served so far; these finish their requests.

        Raises `UnknownModel` where the repository has no such version, and `Conflict` where none of them is valid, the
        folder of one that is served holds something else by now, or the load takes longer than `load_timeout`; then
        nothing changes.
        """
        find = partial(candidates, self._repository, name, version)
        await self._replace(name, find, self._keep if version is None else 1)

    async def unload(self, name: str) -> None:
        """Stop serving a model; its accepted requests are answered. Raises `UnknownModel`."""
        async with self._changing:
            if name not in self._table and name not in self._unserved:
                raise UnknownModel(f"{_asked(name, None)}; served: {self._served() or 'nothing'}")
            self._swap(name, ())
            self._unserved.discard(name)

    async def serve(self, versions: ServedVersions) -> None:
        """Serve exactly these versions. What can't be loaded is logged, and `served_versions` differs then."""
        for name in self.served_versions().keys() - versions:
            await self.unload(name)
        for name, wanted in versions.items():
            self._sha256.update({(name, number): sha256 for number, sha256 in wanted if sha256})
            known = tuple((number, self._sha256.get((name, number))) for number, _ in wanted)
            if known != self.served_versions().get(name):
                await self._serve_exactly(name, [number for number, _ in wanted])

    def served_versions(self) -> ServedVersions:
        """Return the versions that are served, and the models that should be and can't."""
        served = {
            name: tuple((model.version, model.bundle.sha256) for model in models)
            for name, models in self._table.items()
        }
        return dict.fromkeys(self._unserved, ()) | served

    def states(self) -> list[ModelState]:
        """Return every version in the repository and every served one, with why one is not served.

        Where the repository can't be read, these are the served ones.
        """
        served = {(model.name, model.version) for model in self}
        return [
            self._state(name, version, (name, version) in served) for name, version in sorted(self._there() | served)
        ]

    def missing(self) -> list[str]:
        """Return the models that should be served and none of whose versions is valid, but for those that are gone."""
        return sorted(name for name in self._unserved if os.access(self._repository / name, os.F_OK))

    def _there(self) -> set[tuple[str, int]]:
        repository = self._repository
        try:
            return {(name, version) for name in model_names(repository) for version in versions(repository, name)}
        except OSError as error:
            log.error("the repository can not be read", reason=error.strerror)
            return set()

    def _state(self, name: str, version: int, served: bool) -> ModelState:
        if served:
            return ModelState(name=name, version=str(version), state="READY", reason="")
        state = "LOADING" if name in self._loading else "UNAVAILABLE"
        reason = self._refused.get((name, version), "" if state == "LOADING" else "not loaded")
        return ModelState(name=name, version=str(version), state=state, reason=reason)

    async def _serve_repository(self) -> None:
        """Serve what `wanted.json` says, or else the newest valid versions of every model. Raises `InvalidWanted`."""
        wanted = await asyncio.to_thread(read_wanted, self._repository)
        names = await asyncio.to_thread(model_names, self._repository) if wanted is None else list(wanted)
        self._loading.update(names)
        if not names:
            log.error("the repository has no model", repository=str(self._repository))
        for name in names:
            try:
                await (self.load(name) if wanted is None else self._replace_exactly(name, wanted[name]))
            except ServiceError as error:
                self._unserved.add(name)
                log.error("model is not served", model=name, reason=error.detail)

    async def _serve_exactly(self, name: str, numbers: Sequence[int]) -> None:
        if not numbers:
            self._swap(name, ())
            self._unserved.add(name)
            return
        try:
            await self._replace_exactly(name, numbers)
        except ServiceError as error:
            if name not in self._table:
                self._unserved.add(name)
            log.error("model is not as wanted", model=name, versions=numbers, reason=error.detail)

    async def _replace_exactly(self, name: str, numbers: Sequence[int]) -> None:
        await self._replace(name, lambda: list(numbers), len(numbers))

    async def _replace(self, name: str, find: Callable[[], list[int]], keep: int) -> None:
        """Serve the first `keep` valid ones of the versions that `find` returns. Raises as `load` does."""
        self._loading.add(name)
        try:
            async with self._changing:
                self._swap(name, await self._open(name, find, keep))
                self._unserved.discard(name)
        finally:
            self._loading.discard(name)

    async def _open(self, name: str, find: Callable[[], list[int]], keep: int) -> tuple[Model, ...]:
        there = {model.version: model for model in self._table.get(name, ())}

        def work() -> tuple[Model, ...]:
            return newest_valid(find(), partial(self._reopen, name, there), keep).opened

        def discard(models: tuple[Model, ...]) -> None:
            for model in models:
                if model not in there.values():
                    self._engine.unload(model)

        try:
            return await in_thread(work, self._load_timeout, discard)
        except NoSuchModel as error:
            raise UnknownModel(str(error)) from error
        except InvalidBundle as error:
            raise Conflict(f"no valid version of {name}: {self._reason(error)}") from error
        except TimeoutError:
            raise Conflict(f"{name} was not loaded within {self._load_timeout:g} s") from None

    def _reopen(self, name: str, there: Mapping[int, Model], version: int) -> Model:
        """Return the version that is served already, or else one that is read now.

        Raises `Conflict` where the folder of the one that is served holds something else by now.
        """
        served = there.get(version)
        if served is None or served.bundle.sha256 != self._sha256[name, version]:
            return self._read(name, version)
        try:
            read_version(self._repository, name, version, served.bundle.sha256)
        except InvalidBundle as error:
            raise Conflict(f"{self._reason(error)}; what was loaded before is served on") from error
        return served

    def _read(self, name: str, version: int) -> Model:
        try:
            bundle = read_version(self._repository, name, version, self._sha256.get((name, version)))
            model = self._engine.load(bundle)
        except InvalidBundle as error:
            self._refused[name, version] = reason = self._reason(error)
            self._recorder.loaded(name, version, "failed")
            at = where(error.__cause__) if error.__cause__ else []
            log.error("bundle refused", model=name, version=version, reason=reason, at=at)
            raise
        self._refused.pop((name, version), None)
        self._sha256[name, version] = bundle.sha256
        self._recorder.loaded(name, version, "ok")
        seconds, computes = round(model.load_seconds, 3), model.session.backend
        log.info("model loaded", model=name, version=version, seconds=seconds, computes=computes)
        return model

    def _reason(self, error: InvalidBundle) -> str:
        """Return what is wrong, without where the repository lies on this machine."""
        return str(error).replace(f"{self._repository}{os.sep}", "")

    def _swap(self, name: str, models: tuple[Model, ...]) -> None:
        """Serve `models` under a name; those that were served and are not any longer go once nobody holds them."""
        before = self._table.get(name, ())
        others = {other: served for other, served in self._table.items() if other != name}
        self._table = MappingProxyType(others | ({name: models} if models else {}))
        task = asyncio.get_running_loop().create_task(self._retire([old for old in before if old not in models]))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, models: list[Model]) -> None:
        for model in models:
            while model.holders:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(self._engine.unload, model)

    def _served(self) -> str:
        return ", ".join(f"{model.name} version {model.version}" for model in self)


def _asked(name: str | None, version: int | None) -> str:
    if name is None:
        return "no model is served"
    asked = name[:64] if version is None else f"{name[:64]} version {version}"
    return f"no {asked}"
