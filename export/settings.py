"""What `gatescope export` is told: by flags, `GATESCOPE_*` variables or `gatescope.toml`, in this order."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from models.network.equations import CELLS, Cell, Pooling

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class ExportSettings(BaseSettings):
    """Where reviews come from, what is learnt from them, and where the bundles go."""

    model_config = SettingsConfigDict(env_prefix="GATESCOPE_", toml_file="gatescope.toml", extra="ignore", frozen=True)

    data: str = "critics"
    data_dir: Path | None = None
    text_column: str = "text"
    label_column: str = "label"
    group_column: str | None = None
    labels: Annotated[tuple[str, ...] | None, NoDecode] = None
    licence: str = "not stated"

    repository: Path = Path("repository")
    cells: Annotated[tuple[Cell, ...], NoDecode] = CELLS
    name: str | None = None
    if_missing: bool = False

    pooling: Pooling | Literal["best"] = "max||mean"
    embedding_size: Positive = 128
    hidden_size: Positive = 128
    layers: Positive = 1
    vocabulary_size: Positive = 20_000
    min_count: Positive = 2
    max_words: Positive = 400

    epochs: Positive | None = None
    batch_size: Positive | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    embedding_dropout: Share | None = None
    head_dropout: Share | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    time_budget: Annotated[float, Field(gt=0)] | None = None
    resume: bool = False
    min_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None

    @field_validator("cells", "labels", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then `gatescope.toml` in the working folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def model_name(self, cell: Cell) -> str:
        """What the model of a cell is called in the repository: its cell, after `--name` where one is given."""
        if self.name is None:
            return cell
        return self.name if len(self.cells) == 1 else f"{self.name}-{cell}"
