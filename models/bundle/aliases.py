"""Other names of versions, in `<repository>/<model>/aliases.json`: `{"stable": 3, "canary": 4}`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from models.exits import Exit, Failed

FILE = "aliases.json"
NUMBER, ALIAS = r"[1-9][0-9]{0,17}", r"[a-z][a-z0-9_-]{0,63}"
"""What a version and an alias look like."""

Number = Annotated[int, Field(ge=1, lt=10**18)]
Alias = Annotated[str, StringConstraints(pattern=f"^{ALIAS}$")]
VersionName = Number | Alias
"""How a version is asked for: by its number, or by an alias."""

_aliases = TypeAdapter(dict[Alias, Number])
_number, _alias = re.compile(NUMBER), re.compile(ALIAS)

Content = TypeVar("Content")


class InvalidVersionsFile(Failed, ValueError):
    """An `aliases.json` or a `wanted.json` that can't be used; the message says where and why."""

    exit_code = Exit.DATA


def read_aliases(repository: Path, name: str) -> Mapping[str, int]:
    """Return the version that each alias of a model means; none without the file. Raises `InvalidVersionsFile`."""
    return read_versions_file(repository / name / FILE, _aliases) or {}


def read_versions_file(file: Path, kind: TypeAdapter[Content]) -> Content | None:
    """Return what a file of version numbers says; None without it. Raises `InvalidVersionsFile`."""
    try:
        return kind.validate_json(file.read_bytes(), strict=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidVersionsFile(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidVersionsFile(f"{file}: {'.'.join(map(str, first['loc']))} {first['msg']}") from error


class InvalidVersion(Failed, ValueError):
    """A version that is neither a number nor an alias."""

    exit_code = Exit.USAGE


def parse_version(text: str | None) -> int | str | None:
    """Return the number or the alias that `text` is; None for None. Raises `InvalidVersion`."""
    if text is None or _alias.fullmatch(text):
        return text
    if _number.fullmatch(text):
        return int(text)
    raise InvalidVersion("version: a whole number from 1 is expected, or an alias such as stable")


def aliases_of(number: int, aliases: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names that a version has."""
    return tuple(sorted(alias for alias, meant in aliases.items() if meant == number))
