"""`gatescope init`: a file with every setting of an export, its meaning and its default, to be changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from export.settings import ExportSettings, default_of
from models.reviews.errors import UsageError

HEAD = """\
# What `gatescope export` and `gatescope check-data` read from the folder they are called in. Take the # from a line
# to set it. A flag and a GATESCOPE_ variable win over this file.
"""


def init(
    file: Annotated[Path, typer.Argument(help="the file to write; exports read gatescope.toml")] = Path(
        "gatescope.toml"
    ),
) -> None:
    """Write a commented gatescope.toml. A file that is there already is left as it is."""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(template())
    except FileExistsError as error:
        raise UsageError(f"{file}: is there already and was left as it is; name another file") from error
    typer.echo(f"wrote {file}")


def template() -> str:
    """Return the file: every setting as a comment, with its default where it has one."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for name, field in ExportSettings.model_fields.items():
        default = default_of(name)
        yield f"\n# {field.description}\n# {name} ={'' if default is None else ' ' + _literal(default)}\n"


def _literal(value: object) -> str:
    """Return a value as TOML has it: of texts, numbers, truths and lists the same as JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)
