"""The flags of commands, made from the settings or options that they set: name, meaning and default stand once."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from models.bundle.aliases import parse_version

Command = Callable[..., None]

REPOSITORY = Path("repository")
Repository = Annotated[Path, typer.Option(envvar="GATESCOPE_REPOSITORY", help="folder of bundles")]
Version = Annotated[
    Any,
    typer.Option(
        parser=parse_version,
        metavar="VERSION",
        help="its version, or an alias of one; the newest valid one where not given",
    ),
]
TextColumn = Annotated[str, typer.Option(help="column that holds the reviews")]
LabelColumn = Annotated[str, typer.Option(help="column that holds the labels")]
Delimiter = Annotated[str | None, typer.Option(help="between the fields of CSV; found where not given")]
Encoding = Annotated[
    str | None, typer.Option(help="of CSV and JSON, such as latin-1; found by a byte order mark, else UTF-8")
]


def with_flags(flags: Sequence[Parameter]) -> Callable[[Command], Command]:
    """Put `flags` between the arguments and the options that a command `(..., **flags)` has.

    Typer reads them from the signature.
    """

    def decorate(command: Command) -> Command:
        parameters = signature(command).parameters.values()
        arguments = [one for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
        options = [one for one in parameters if one.kind is Parameter.KEYWORD_ONLY]
        vars(command)["__signature__"] = Signature([*arguments, *flags, *options])
        return command

    return decorate


def flags_of_settings(fields: Mapping[str, tuple[FieldInfo, object]]) -> list[Parameter]:
    """Return a flag for each field, which has a default. It holds a text, or a truth, or None where it is not given.

    The settings check it.
    """
    return [_flag(name, field, default) for name, (field, default) in fields.items()]


def flags_of_options(options: type[Any]) -> list[Parameter]:
    """Return a flag for each annotated field of a dataclass: Typer checks what it holds."""
    kinds = get_type_hints(options, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=kinds[field.name])
        for field in dataclasses.fields(options)
        if get_origin(kinds[field.name]) is Annotated
    ]


def given(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that were given."""
    return {name: value for name, value in flags.items() if value is not None}


def written(value: object) -> str:
    """Return the value of a setting as its flag has it, empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ",".join(f"{name}={weight:g}" for name, weight in value.items())
    return ",".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)


def _default(field: "dataclasses.Field[Any]") -> object:
    return Parameter.empty if field.default is dataclasses.MISSING else field.default


def _flag(name: str, field: FieldInfo, default: object) -> Parameter:
    option = typer.Option(help=field.description, show_default=written(default) or False)
    kind = Annotated[(bool if field.annotation is bool else str) | None, option]  # type: ignore[valid-type]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
