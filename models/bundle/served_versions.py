"""Which versions of every model should be served, as the processes of a service tell it each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from models.bundle.aliases import aliases_of, read_aliases
from models.bundle.wanted import read_wanted

ServedVersions = Mapping[str, tuple[tuple[int, str | None, tuple[str, ...]], ...]]
"""The versions of every model that should be served, the newest first; none where no version is valid.

With each stand the SHA-256 of its bundle, where it was read before, and its aliases.
"""


class WantedVersions(NamedTuple):
    """The first `keep` valid ones of the versions `numbers`, and behind them those that have an alias."""

    numbers: Sequence[int]
    keep: int
    aliases: Mapping[str, int]


def wanted_versions(repository: Path) -> ServedVersions | None:
    """Return what `wanted.json` says; None without the file. Raises `InvalidWanted`, `InvalidAliases`."""
    wanted = read_wanted(repository)
    if wanted is None:
        return None
    aliases = {name: read_aliases(repository, name) for name in wanted}
    return {
        name: tuple((number, None, aliases_of(number, aliases[name])) for number in numbers)
        for name, numbers in wanted.items()
    }
