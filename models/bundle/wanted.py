"""Which versions of a repository should be served, where its owner says so in `wanted.json`: `{"lstm": [3, 2]}`.

Of a model's versions the first answers where a request names none; models that are left out are not served.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

FILE = "wanted.json"

_wanted = TypeAdapter(dict[str, Annotated[tuple[Annotated[int, Field(ge=1, lt=10**18)], ...], Field(min_length=1)]])


class InvalidWanted(ValueError):
    """A `wanted.json` that can't be used; the message says where and why."""


def read_wanted(repository: Path) -> dict[str, tuple[int, ...]] | None:
    """Return the versions of every model that should be served; None without the file. Raises `InvalidWanted`."""
    file = repository / FILE
    try:
        return _wanted.validate_json(file.read_bytes(), strict=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidWanted(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidWanted(f"{file}: {'.'.join(map(str, first['loc']))} {first['msg']}") from error
