"""Every setting of the service: flags win over `GATESCOPE_*` in the environment, which wins over a TOML file."""

import os
import re
from ipaddress import ip_address
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from models.exits import Exit, Failed

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Key = Annotated[SecretStr, Field(min_length=1)]

PREFIX = "GATESCOPE_"
OTHERS = frozenset(
    {
        "api_key",
        "cache",
        "corpus_texts",
        "data",
        "data_dir",
        "text_column",
        "label_column",
        "group_column",
        "split_column",
        "validation",
        "test",
        "class_weight",
        "labels",
        "delimiter",
        "encoding",
        "strict",
        "licence",
        "teacher",
        "cells",
        "name",
        "if_missing",
        "pooling",
        "embedding_size",
        "hidden_size",
        "layers",
        "vocabulary_size",
        "min_count",
        "epochs",
        "batch_size",
        "learning_rate",
        "embedding_dropout",
        "head_dropout",
        "seed",
        "device",
        "time_budget",
        "resume",
        "abstain_accuracy",
        "min_accuracy",
    }
)
"""Settings of the other commands: they may stand in the environment beside those of the service."""

KEYS = ("api_keys", "admin_keys", "keys_file", "state_key")

_of_kubernetes = re.compile(
    r"GATESCOPE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)"
)
"""What Kubernetes sets in every container for a Service whose name begins with `gatescope`."""


class InvalidSettings(Failed, ValueError):
    """A setting that can't be used; the message names it."""

    exit_code = Exit.USAGE


class Settings(BaseSettings):
    """How one service runs. Sizes are in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="GATESCOPE_", frozen=True, extra="forbid", env_ignore_empty=True)

    config: Path | None = Field(None, description="TOML file with any of the settings below; none where not given")
    host: str = Field("127.0.0.1", description="address to listen on; `::` is every one, of IPv6 and IPv4")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="port to listen on; 0 picks a free one")
    uds: Path | None = Field(None, description="Unix socket to listen on, where left out host and port")
    repository: Path = Field(Path("repository"), description="folder of bundles: NAME/VERSION/")
    default_model: str | None = Field(
        None, description="model that answers where a request names none; lstm, else the first"
    )
    versions_per_model: Positive = Field(1, description="how many of a model's newest valid versions are served")
    follow_seconds: Annotated[float, Field(ge=0)] = Field(
        0.0, description="how often the repository is looked at for new, changed and removed versions; 0 is never"
    )
    strict_readiness: bool = Field(True, description="ready only when every model of the repository is served")

    workers: Annotated[int, Field(ge=0)] = Field(0, description="worker processes; 0 chooses by the number of cores")
    threads: Annotated[int, Field(ge=0)] = Field(0, description="cores a worker computes on; 0 chooses")
    provider: Literal["auto", "native", "onnxruntime", "cuda"] = Field(
        "auto",
        description="what computes: `native`, the compiled loops; `onnxruntime`, on the CPU; `cuda`, ONNX Runtime on "
        "a GPU; `auto`, the compiled loops where they were built, else `onnxruntime`",
    )
    provider_fallback: bool = Field(False, description="use the CPU where CUDA is asked for and missing")
    device_id: Annotated[int, Field(ge=0)] = Field(0, description="CUDA device")
    device_memory: Annotated[int, Field(ge=0)] = Field(0, description="CUDA memory limit; 0 is none")

    max_words: Positive = Field(2048, description="words read of a text; the rest is cut and the answer says so")
    max_text_bytes: Positive = Field(1_000_000, description="largest text")
    max_batch_bytes: Positive = Field(4_000_000, description="largest body of a JSON batch")
    max_spool_bytes: Positive = Field(
        268_435_456, description="most answers of a streamed batch that wait on disk for their client to read them"
    )
    max_streams: Positive = Field(8, description="most streamed batches at once, of all workers together")
    stream_idle_seconds: Seconds = Field(
        60.0, description="a stream, and a sequence of `/v2`, is ended of which nothing came or was read for so long"
    )
    max_typed_texts: Positive = Field(
        1000, description="most open streams of `/v1/stream`, and most open sequences of `/v2`, of all workers together"
    )
    max_batch_rows: Positive = Field(1000, description="most rows of a JSON batch")
    max_queue_seconds: Seconds = Field(2.0, description="most predicted work that may wait; past it requests get 429")
    request_timeout: Seconds = Field(30.0, description="longest a request may take; its client may only shorten it")
    load_timeout: Seconds = Field(60.0, description="longest a load may take; past it what was served stays")
    drain_seconds: Seconds = Field(30.0, description="most time to finish accepted work after a stop signal")
    drain_delay: Annotated[float, Field(ge=0)] = Field(
        0.0, description="time between `not ready` and closing the port, for load balancers to notice"
    )

    api_keys: tuple[Key, ...] = Field((), description="JSON list of keys that may predict and trace")
    admin_keys: tuple[Key, ...] = Field((), description="JSON list of keys that may also load and unload")
    keys_file: Path | None = Field(None, description="file of hashed keys with their scopes, read anew when it changes")
    state_key: Key | None = Field(
        None, description="signs the states that `/v1/predict` returns; replicas that share it take each other's"
    )
    allow_open: bool = Field(False, description="serve another address than loopback though no key is needed there")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="JSON list of `Host` names that are answered; left out, on loopback only its own, else any"
    )
    cors_origins: tuple[str, ...] = Field((), description="JSON list of origins whose pages may call the service")

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe line to log")
    log_format: Literal["auto", "json", "pretty"] = Field("auto", description="auto is pretty on a terminal")
    access_log: bool = Field(False, description="log a line a request")
    telemetry: bool = Field(False, description="send OpenTelemetry traces; needs the extra `telemetry`")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return flags, then the environment, then the file that one of them names."""
        file = init_settings().get("config") or os.environ.get("GATESCOPE_CONFIG")
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = {
                name: value for name, value in env_settings.env_vars.items() if not _is_of_kubernetes(name, value)
            }
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(file))) if file else sources

    @property
    def on_loopback(self) -> bool:
        """Return whether only this machine can reach the service."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_settings(**flags: object) -> Settings:
    """Return the settings with the given flags; a flag that is None was not given. Raises `InvalidSettings`."""
    _check_environment()
    settings = _read(**flags)
    if not (settings.on_loopback or settings.allow_open or settings.api_keys or settings.keys_file):
        raise InvalidSettings(
            f"host: whoever reaches {settings.host} could use the service; set api_keys or keys_file,"
            " or allow_open=true where something in front of it decides who may"
        )
    return settings


def _check_environment() -> None:
    """Raise `InvalidSettings` for a variable that is misspelt, or that should hold keys and is empty."""
    for variable, value in os.environ.items():
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX) or _is_of_kubernetes(variable, value):
            continue
        if name not in OTHERS and name not in Settings.model_fields:
            raise InvalidSettings(f"{variable}: there is no such setting")
        if name in KEYS and value.strip() in ("", "[]"):
            raise InvalidSettings(f"{name}: {variable} is empty; leave it out to need no key")


def _is_of_kubernetes(name: str, value: str | None) -> bool:
    """Return whether Kubernetes set the variable: `GATESCOPE_PORT` and the like are settings, unless they hold URLs."""
    name = name.upper()
    if name.removeprefix(PREFIX).lower() in Settings.model_fields:
        return re.match(r"(tcp|udp|sctp)://", value or "") is not None
    return _of_kubernetes.fullmatch(name) is not None


def _read(**flags: object) -> Settings:
    given = {name: value for name, value in flags.items() if value is not None}
    file = given.get("config") or os.environ.get("GATESCOPE_CONFIG")
    if file and not Path(str(file)).is_file():
        raise InvalidSettings(f"config: no file {file}")
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidSettings(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except TOMLDecodeError as error:
        raise InvalidSettings(f"config: {error}") from error
    except SettingsError as error:
        raise InvalidSettings(str(error)) from error
