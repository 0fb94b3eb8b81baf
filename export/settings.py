"""The settings of `gatescope export`: flags, then `GATESCOPE_*` variables, then `gatescope.toml`."""

import csv
import json
from collections.abc import Iterable
from dataclasses import fields
from inspect import Parameter
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from export.training.config import TrainingSettings, epochs_for
from models.bundle.manifest import Name
from models.bundle.repository import versions
from models.flags import flags_of_settings
from models.network.equations import BUILT_IN, Cell
from models.network.pooling import POOLINGS, Pooling
from models.reviews.errors import UsageError
from models.text.words import MAX_WORDS

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]
OwnName = Annotated[Name, Field(max_length=48)]
"""A model's name that leaves room for a dash and a cell after it."""

MOST_LEARNING_RATE = 1.0
"""A step of AdamW moves each weight by about the learning rate: with more than this nothing is learnt."""


def _some_once(items: tuple[str, ...]) -> tuple[str, ...]:
    if not items or len(set(items)) < len(items):
        raise ValueError("name at least one, and none twice")
    return items


def _parts(text: str) -> tuple[str, ...]:
    """Return what stands between commas; what holds one stands in quotes."""
    return tuple(part.strip() for row in csv.reader([text], skipinitialspace=True) for part in row)


class ExportSettings(BaseSettings):
    """Where reviews come from, what is learnt from them, and where the bundles go."""

    model_config = SettingsConfigDict(env_prefix="GATESCOPE_", toml_file="gatescope.toml", extra="forbid", frozen=True)

    data: str = Field("critics", description="critics, critics-long, imdb, or CSV, JSON or Parquet: file, folder, glob")
    data_dir: Path | None = Field(None, description="where imdb lies: folder or archive; downloaded where not given")
    text_column: str = Field("text", description="the column of the text, in your data")
    label_column: str = Field("label", description="the column of the label, in your data")
    group_column: str | None = Field(
        None, description="its rows go to one split (a film); each row alone where not given"
    )
    split_column: str | None = Field(
        None, description="says train, validation (valid, val, dev) or test; drawn where not given"
    )
    validation: str | None = Field(None, description="your own validation reviews, as data; else drawn from data")
    test: str | None = Field(None, description="your own test reviews, as data; else drawn from data")
    labels: Annotated[tuple[str, ...], AfterValidator(_some_once), NoDecode] | None = Field(
        None,
        description="the labels in index order, separated by commas (one with a comma in quotes), or a JSON list; "
        "sorted where not given",
    )
    class_weight: Annotated[Literal["balanced"] | dict[str, Weight], NoDecode] | None = Field(
        None, description="how much a label counts: balanced, or label=weight,label=weight; else 1 each"
    )
    delimiter: str | None = Field(None, description="between the fields of CSV; found where not given")
    encoding: str | None = Field(
        None, description="of CSV and JSON, such as latin-1; found by a byte order mark, else UTF-8"
    )
    strict: bool = Field(False, description="refuse rows without text or label, which are skipped otherwise")
    licence: str = Field("not stated", description="the terms of your data, for the model card")
    corpus_texts: bool = Field(
        False, description="keep the texts of validation reviews in the bundle, for its model page"
    )
    teacher: str | None = Field(
        None,
        description="an encoder that teaches: minilm, or a Hugging Face folder; else n-grams teach long reviews",
    )

    repository: Path = Field(Path("repository"), description="where bundles are written: NAME/VERSION/")
    cells: Annotated[tuple[Cell, ...], AfterValidator(_some_once), NoDecode] = Field(
        BUILT_IN, description="rnn,lstm,gru, some of them, or mingru"
    )
    name: OwnName | None = Field(None, description="the model's name; its cell where not given")
    if_missing: bool = Field(False, description="leave models alone that have a version already")

    pooling: Pooling | Literal["best"] = Field("last", description=f"{', '.join(POOLINGS)}, or best: try all")
    embedding_size: Positive = Field(128, description="numbers in a word vector")
    hidden_size: Positive = Field(128, description="units in a recurrent layer")
    layers: Positive = Field(1, description="recurrent layers")
    vocabulary_size: Positive = Field(20_000, description="most words that a model knows")
    min_count: Positive = Field(2, description="how often a word must stand in the training texts")
    max_words: Annotated[int, Field(ge=1, le=MAX_WORDS)] = Field(
        400, description="words of a review that training reads"
    )

    epochs: Positive | None = Field(
        None, description="most passes over the training texts; if not given, 4 from 52,000 texts on, 3 from 70,000"
    )
    batch_size: Positive | None = Field(None, description="reviews in a training step")
    learning_rate: Annotated[float, Field(gt=0, le=MOST_LEARNING_RATE)] | None = Field(
        None, description="the highest learning rate, 1 at most"
    )
    embedding_dropout: Share | None = Field(None, description="dropout of word vectors, 0 to 1")
    head_dropout: Share | None = Field(None, description="dropout of pooled states, 0 to 1")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="of the splits and the training")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto, cpu or cuda")
    time_budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="seconds for all the training; no limit where not given"
    )
    resume: bool = Field(False, description="go on from the last whole epoch")
    abstain_accuracy: Annotated[float, Field(ge=0, le=1)] = Field(
        0.9, description="how often answers must be right that are not called uncertain, 0 to 1"
    )
    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="exit with 5 below this accuracy on test, 0 to 1; never where not given"
    )

    @field_validator("cells", "labels", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            try:
                return tuple(map(str, json.loads(value)))
            except json.JSONDecodeError:
                pass  # a label such as [/neg]
        return _parts(value)

    @field_validator("class_weight", mode="before")
    @classmethod
    def _weights(cls, value: object) -> object:
        if not isinstance(value, str) or value == "balanced":
            return value
        if value.startswith("{"):
            return json.loads(value)
        pairs = [part.rpartition("=") for part in _parts(value)]
        if not all(label for label, _, _ in pairs):
            raise ValueError("give balanced, or label=weight and more of these after commas")
        return {label.strip(): weight for label, _, weight in pairs}

    @model_validator(mode="after")
    def _splits_are_said_once(self) -> Self:
        if self.split_column and (self.validation or self.test):
            raise ValueError("--split-column says the splits already: leave out --validation and --test")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags first, then the environment, then `gatescope.toml` in the working folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def model_name(self, cell: Cell) -> str:
        """Return the name of a cell's model in the repository: the cell, after `--name` where one is given."""
        if self.name is None:
            return cell
        return self.name if len(self.cells) == 1 else f"{self.name}-{cell}"

    def cells_to_train(self) -> tuple[Cell, ...]:
        """Return all the cells, or with `if_missing` those whose model has no version yet."""
        if not self.if_missing:
            return self.cells
        return tuple(cell for cell in self.cells if not versions(self.repository, self.model_name(cell)))

    def effective(self) -> dict[str, object]:
        """Return every setting by name with its value; what was not set has the trainer's default."""
        return {
            name: default_of(name) if value is None else value
            for name, value in ((name, getattr(self, name)) for name in type(self).model_fields)
        }

    def trainings(self, cell: Cell, seconds: float | None, texts: int) -> list[TrainingSettings]:
        """Return the trainings of a cell on so many `texts`: one, or one for each pooling, which share the `seconds`.

        A setting that was not given here has the default of the trainer.
        """
        poolings = POOLINGS if self.pooling == "best" else (self.pooling,)
        names = {field.name for field in fields(TrainingSettings)}
        given = self.model_dump(include=names - {"pooling", "time_budget"}, exclude_none=True)
        given.setdefault("epochs", epochs_for(texts))
        budget = None if seconds is None else seconds / len(poolings)
        return [TrainingSettings(cell, pooling, **given, time_budget=budget) for pooling in poolings]


def default_of(name: str) -> object:
    """Return the default of a setting: its own, else the trainer's, None where it has none."""
    trainer = {field.name: field.default for field in fields(TrainingSettings)}
    default = ExportSettings.model_fields[name].default
    return trainer.get(name) if default is None else default


def flags_of(names: Iterable[str]) -> list[Parameter]:
    """Return the flags of the settings named."""
    return flags_of_settings({name: (ExportSettings.model_fields[name], default_of(name)) for name in names})


def read_settings(**given: object) -> ExportSettings:
    """Return the settings, those `given` first. Raises `UsageError` that names each one that can't be used."""
    try:
        return ExportSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise UsageError("\n".join(map(_said, error.errors(include_url=False)))) from error
    except (SettingsError, TOMLDecodeError) as error:
        raise UsageError(f"gatescope.toml or the environment: {error}") from error


def _said(fault: ErrorDetails) -> str:
    """Return in a line which setting is wrong, why, and what was given; of several settings together only why."""
    if fault["type"] == "extra_forbidden":
        return f"gatescope.toml: there is no setting {fault['loc'][0]!r}"
    reason = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return reason
    return f"--{str(fault['loc'][0]).replace('_', '-')}: {reason} (got {fault['input']!r})"
