"""Which versions are served. A load or unload swaps the whole table at once: no request sees half of it."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import structlog

from models.bundle.aliases import aliases_of, read_aliases
from models.bundle.repository import model_names
from models.bundle.select import candidates, default_name
from models.bundle.served_versions import ServedVersions, WantedVersions, wanted_versions
from service.engine import Engine, Model
from service.errors import NotReady, ServiceError, UnknownModel
from service.inference.freed_memory import return_freed_memory
from service.inference.loader import Loader
from service.inference.model_states import ModelState, model_states
from service.metrics.recorder import Recorder

log = structlog.get_logger("gatescope")


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
        self._repository, self._engine = repository, engine
        self._default, self._keep = default, keep
        self._loader = Loader(repository, engine, recorder, load_timeout)
        self._table: Table = MappingProxyType({})
        self._aliases: dict[str, Mapping[str, int]] = {}
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

    def find(self, name: str | None = None, version: int | str | None = None) -> Model:
        """Return the served version that a request means. Raises `UnknownModel`, `NotReady`."""
        wanted = name if name is not None else self.default_name()
        found = self._table.get(wanted or "", ())
        if found and version is None:
            return found[0]
        number = self._aliases.get(wanted or "", {}).get(version) if isinstance(version, str) else version
        for model in found:
            if model.version == number:
                return model
        if not self.started or wanted in self._loading:
            raise NotReady("models are being loaded")
        raise UnknownModel(f"{_asked(wanted, version)}; served: {self._served() or 'nothing'}")

    def aliases_of(self, name: str, version: int) -> tuple[str, ...]:
        """Return the other names of a version."""
        return aliases_of(version, self._aliases.get(name, {}))

    def versions_of(self, name: str) -> tuple[Model, ...]:
        """Return the served versions of a model, newest first. Raises as `find` does."""
        self.find(name)
        return self._table[name]

    async def start(self, versions: ServedVersions | None = None) -> None:
        """Serve these versions, or else what `wanted.json` says, or else the newest valid ones of every model.

        A model of which no version can be served is named in `missing` and in `states`. Raises `InvalidVersionsFile`.
        """
        if versions is None:
            await self._serve_repository()
        else:
            await self.serve(versions)
        self.started = True

    async def load(self, name: str, version: int | str | None = None) -> None:
        """Serve a version, or the newest valid ones, in place of those served so far; these finish their requests.

        Every version that has an alias is served as well. Raises `UnknownModel` where the repository has no such
        version, and `Conflict` where none of them is valid, the folder of one that is served holds something else by
        now, or the load takes longer than `load_timeout`; then nothing changes.
        """

        def find() -> WantedVersions:
            numbers = candidates(self._repository, name, version)
            return WantedVersions(numbers, self._keep if version is None else 1, read_aliases(self._repository, name))

        await self._replace(name, find)

    async def unload(self, name: str) -> None:
        """Stop serving a model; its accepted requests are answered. Raises `UnknownModel`."""
        async with self._changing:
            if name not in self._table and name not in self._unserved:
                raise UnknownModel(f"{_asked(name, None)}; served: {self._served() or 'nothing'}")
            self._swap(name, (), {})
            self._unserved.discard(name)

    async def serve(self, versions: ServedVersions) -> None:
        """Serve exactly these versions. What can't be loaded is logged, and `served_versions` differs then."""
        for name in self.served_versions().keys() - versions:
            await self.unload(name)
        for name, wanted in versions.items():
            self._loader.sha256.update({(name, number): sha256 for number, sha256, _ in wanted if sha256})
            known = tuple((number, self._loader.sha256.get((name, number)), aliases) for number, _, aliases in wanted)
            if known != self.served_versions().get(name):
                aliases = {alias: number for number, _, names in wanted for alias in names}
                await self._serve_exactly(name, [number for number, *_ in wanted], aliases)

    def served_versions(self) -> ServedVersions:
        """Return the versions that are served, and the models that should be and can't."""
        served = {
            name: tuple((model.version, model.bundle.sha256, self.aliases_of(name, model.version)) for model in models)
            for name, models in self._table.items()
        }
        return dict.fromkeys(self._unserved, ()) | served

    def states(self) -> list[ModelState]:
        """Return every version in the repository and every served one, with why one is not served.

        Where the repository can't be read, these are the served ones.
        """
        served = {(model.name, model.version) for model in self}
        return model_states(self._repository, served, self._loading, self._loader.refused)

    def missing(self) -> list[str]:
        """Return the models that should be served and none of whose versions is valid, but for those that are gone."""
        return sorted(name for name in self._unserved if os.access(self._repository / name, os.F_OK))

    async def _serve_repository(self) -> None:
        """Serve what `wanted.json` says, or else the newest valid versions of every model."""
        wanted = await asyncio.to_thread(wanted_versions, self._repository)
        if wanted is not None:
            self._loading.update(wanted)
            await self.serve(wanted)
            return
        names = await asyncio.to_thread(model_names, self._repository)
        self._loading.update(names)
        if not names:
            log.error("the repository has no model", repository=str(self._repository))
        for name in names:
            try:
                await self.load(name)
            except ServiceError as error:
                self._unserved.add(name)
                log.error("model is not served", model=name, reason=error.detail)

    async def _serve_exactly(self, name: str, numbers: Sequence[int], aliases: Mapping[str, int]) -> None:
        if not numbers:
            self._swap(name, (), {})
            self._unserved.add(name)
            return
        try:
            await self._replace(name, lambda: WantedVersions(numbers, len(numbers), aliases))
        except ServiceError as error:
            if name not in self._table:
                self._unserved.add(name)
            log.error("model is not as wanted", model=name, versions=numbers, reason=error.detail)

    async def _replace(self, name: str, find: Callable[[], WantedVersions]) -> None:
        """Serve what `find` returns. Raises as `load` does."""
        self._loading.add(name)
        try:
            async with self._changing:
                self._swap(name, *await self._loader.open(name, find, self._table.get(name, ())))
                self._unserved.discard(name)
        finally:
            self._loading.discard(name)

    def _swap(self, name: str, models: tuple[Model, ...], aliases: Mapping[str, int]) -> None:
        """Serve `models` under a name; those that were served and are not any longer go once nobody holds them."""
        before = self._table.get(name, ())
        others = {other: served for other, served in self._table.items() if other != name}
        self._table = MappingProxyType(others | ({name: models} if models else {}))
        self._aliases[name] = aliases
        task = asyncio.get_running_loop().create_task(self._retire([old for old in before if old not in models]))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _retire(self, models: list[Model]) -> None:
        """Give up `models`, each once nobody holds it, and their memory, which nothing here may refer to by then."""
        while models:
            await self._give_up(models.pop())
        await asyncio.to_thread(return_freed_memory)

    async def _give_up(self, model: Model) -> None:
        while model.holders:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(self._engine.unload, model)

    def _served(self) -> str:
        return ", ".join(map(self._named, self))

    def _named(self, model: Model) -> str:
        aliases = "".join(f" ({alias})" for alias in self.aliases_of(model.name, model.version))
        return f"{model.name} version {model.version}{aliases}"


def _asked(name: str | None, version: int | str | None) -> str:
    if name is None:
        return "no model is served"
    asked = name[:64] if version is None else f"{name[:64]} version {version}"
    return f"no {asked}"
