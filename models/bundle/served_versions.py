"""Which versions of every model should be served, as the processes of a service tell it each other.

The owner of a repository may say so in its `wanted.json`: `{"lstm": [3, 2]}`. Of a model's versions the first answers
where a request names none; models that are left out are not served.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter

from models.bundle.aliases import Number, aliases_of, read_aliases, read_versions_file

FILE = "wanted.json"

ServedVersions = Mapping[str, tuple[tuple[int, str | None, tuple[str, ...]], ...]]
"""The versions of every model that should be served, the newest first; none where no version is valid.

With each stand the SHA-256 of its bundle, where it was read before, and its aliases.
"""

_wanted = TypeAdapter(dict[str, Annotated[tuple[Number, ...], Field(min_length=1)]])


class WantedVersions(NamedTuple):
    """The first `keep` valid ones of the versions `numbers`, and behind them those that have an alias."""

    numbers: Sequence[int]
    keep: int
    aliases: Mapping[str, int]


def wanted_versions(repository: Path) -> ServedVersions | None:
    """Return what `wanted.json` says; None without the file. Raises `InvalidVersionsFile`."""
    wanted = read_versions_file(repository / FILE, _wanted)
    if wanted is None:
        return None
    aliases = {name: read_aliases(repository, name) for name in wanted}
    return {
        name: tuple((number, None, aliases_of(number, aliases[name])) for number in numbers)
        for name, numbers in wanted.items()
    }
