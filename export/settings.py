"""The settings of `gatescope export`: flags, then `GATESCOPE_*` variables, then `gatescope.toml`."""

import csv
import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from export.training.config import TrainingSettings
from models.bundle.manifest import Name
from models.bundle.repository import versions
from models.network.equations import CELLS, POOLINGS, Cell, Pooling
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

    model_config = SettingsConfigDict(env_prefix="GATESCOPE_", toml_file="gatescope.toml", extra="ignore", frozen=True)

    data: str = "critics"
    data_dir: Path | None = None
    text_column: str = "text"
    label_column: str = "label"
    group_column: str | None = None
    split_column: str | None = None
    validation: str | None = None
    test: str | None = None
    labels: Annotated[tuple[str, ...], AfterValidator(_some_once), NoDecode] | None = None
    class_weight: Annotated[Literal["balanced"] | dict[str, Weight], NoDecode] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    strict: bool = False
    licence: str = "not stated"
    teacher: str | None = None

    repository: Path = Path("repository")
    cells: Annotated[tuple[Cell, ...], AfterValidator(_some_once), NoDecode] = CELLS
    name: OwnName | None = None
    if_missing: bool = False

    pooling: Pooling | Literal["best"] = "last"
    embedding_size: Positive = 128
    hidden_size: Positive = 128
    layers: Positive = 1
    vocabulary_size: Positive = 20_000
    min_count: Positive = 2
    max_words: Annotated[int, Field(ge=1, le=MAX_WORDS)] = 400

    epochs: Positive | None = None
    batch_size: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0, le=MOST_LEARNING_RATE)] | None = None
    embedding_dropout: Share | None = None
    head_dropout: Share | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    time_budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    resume: bool = False
    abstain_accuracy: Annotated[float, Field(ge=0, le=1)] = 0.9
    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None

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

    def trainings(self, cell: Cell, seconds: float | None) -> list[TrainingSettings]:
        """Return the trainings of a cell: one, or one for each pooling, which share the `seconds`.

        A setting that was not given here has the default of the trainer.
        """
        poolings = POOLINGS if self.pooling == "best" else (self.pooling,)
        names = {field.name for field in fields(TrainingSettings)}
        given = self.model_dump(include=names - {"pooling", "time_budget"}, exclude_none=True)
        budget = None if seconds is None else seconds / len(poolings)
        return [TrainingSettings(cell, pooling, **given, time_budget=budget) for pooling in poolings]
