"""Which model and which version is meant: one rule for the service, for scoring and for traces.

The model: the one asked for, else the default one of the settings, else `lstm`, else the first by name. The version:
the one asked for by its number or an alias, else the newest that is valid. A folder whose manifest says another name or
version is not valid.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from models.bundle.aliases import read_aliases
from models.bundle.files import MANIFEST, Bundle, InvalidBundle, read
from models.bundle.repository import model_names, versions
from models.exits import Exit, Failed

DEFAULT = "lstm"

Opened = TypeVar("Opened")


class NoSuchModel(Failed, LookupError):
    """A model or version that the repository does not have; the message says what it has."""

    exit_code = Exit.DATA


@dataclass(frozen=True, slots=True)
class Valid(Generic[Opened]):
    """The newest valid versions, the newest first, and why newer ones were refused, by version."""

    opened: tuple[Opened, ...]
    refused: dict[int, InvalidBundle]

    @property
    def newest(self) -> Opened:
        """The newest valid version."""
        return self.opened[0]

    @property
    def warnings(self) -> list[str]:
        """A sentence about every version that was passed over."""
        return [f"{error}; an older version is used in its place" for error in self.refused.values()]


def default_name(names: Collection[str], preferred: str | None = None) -> str | None:
    """Return the model that is meant where none is named; None where there is none at all."""
    if preferred is not None:
        return preferred
    return DEFAULT if DEFAULT in names else min(names, default=None)


def candidates(repository: Path, name: str, version: int | str | None = None) -> list[int]:
    """Return the versions that may answer, the newest first: all of them, or the one asked for by number or alias.

    Raises `NoSuchModel` where there is none, and `InvalidVersionsFile`.
    """
    there = versions(repository, name)
    number = read_aliases(repository, name).get(version, 0) if isinstance(version, str) else version
    found = [each for each in reversed(there) if number in (None, each)]
    if found:
        return found
    asked = f"{name[:64]}{'' if version is None else f' version {version}'}"
    has = ", ".join(f"{other} {number}" for other in model_names(repository) for number in versions(repository, other))
    raise NoSuchModel(f"no {asked}; the repository has {has or 'no models'}")


def newest_valid(numbers: Iterable[int], open_version: Callable[[int], Opened], keep: int = 1) -> Valid[Opened]:
    """Return the first `keep` of `numbers` that `open_version` opens. Raises `InvalidBundle` where it opens none."""
    opened, refused = list[Opened](), dict[int, InvalidBundle]()
    for number in numbers:
        if len(opened) == keep:
            break
        try:
            opened.append(open_version(number))
        except InvalidBundle as error:
            refused[number] = error
    if not opened:
        raise _none_valid(list(refused.values()))
    return Valid(tuple(opened), refused)


def read_version(repository: Path, name: str, version: int, sha256: str | None = None) -> Bundle:
    """Read one version of a model: the one with that `sha256`, where one is given.

    Raises `InvalidBundle`, also where its manifest says that it is another version or model.
    """
    folder = repository / name / str(version)
    bundle = read(folder, sha256)
    if (bundle.manifest.name, bundle.manifest.version) != (name, version):
        raise InvalidBundle(folder, f"is {bundle.manifest.name} version {bundle.manifest.version}")
    return bundle


def open_model(
    repository: Path,
    open_bundle: Callable[[Bundle], Opened],
    *,
    name: str | None = None,
    version: int | str | None = None,
    default: str | None = None,
) -> Valid[Opened]:
    """Open the version that is meant by `name` and `version`, where either may be left out.

    `open_bundle` raises `InvalidBundle` for one that can't be used. Raises `NoSuchModel`, and `InvalidBundle` where no
    version is valid.
    """
    chosen = name or default_name(model_names(repository), default) or DEFAULT
    numbers = candidates(repository, chosen, version)
    return newest_valid(numbers, lambda number: open_bundle(read_version(repository, chosen, number)))


def bundle_at(place: str, repository: Path) -> Valid[Bundle]:
    """Read the bundle that `place` means: its folder, or the newest valid version of a model by name or folder.

    Raises `NoSuchModel` and `InvalidBundle`.
    """
    folder = Path(place)
    if (folder / MANIFEST).exists():
        return Valid((read(folder),), {})
    named = len(folder.parts) == 1 and not folder.is_dir()
    return open_model(repository if named else folder.parent, lambda bundle: bundle, name=folder.name)


def _none_valid(errors: list[InvalidBundle]) -> InvalidBundle:
    if len(errors) == 1:
        return errors[0]
    reasons = "; ".join(f"{error.path}: {error.reason}" for error in errors)
    return InvalidBundle(errors[0].path.parent, f"no valid version: {reasons}")
