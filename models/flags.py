"""The flags of a command, made from the settings that they set: name, meaning and default stand in one place."""

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

Command = Callable[..., None]


def with_flags(fields: Mapping[str, FieldInfo], defaults: Mapping[str, object]) -> Callable[[Command], Command]:
    """Put a flag for each of `fields` between the arguments and the options that a command `(..., **flags)` has.

    Typer reads them from the signature. A flag holds a text, or a truth; the settings check it. None: not given.
    """

    def decorate(command: Command) -> Command:
        own = signature(command).parameters.values()
        arguments = [one for one in own if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
        options = [one for one in own if one.kind is Parameter.KEYWORD_ONLY]
        flags = [_flag(name, field, defaults.get(name)) for name, field in fields.items()]
        vars(command)["__signature__"] = Signature([*arguments, *flags, *options])
        return command

    return decorate


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


def _flag(name: str, field: FieldInfo, default: object) -> Parameter:
    option = typer.Option(help=field.description, show_default=written(default) or False)
    kind = Annotated[(bool if field.annotation is bool else str) | None, option]  # type: ignore[valid-type]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
