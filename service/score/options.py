"""What `gatescope score` is asked for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.reviews.records import ReadOptions
from service.settings import Settings

Engine = Literal["local", "ray"]
States = Literal["npz"]

MAX_WORDS: int = Settings.model_fields["max_words"].default
MAX_TEXT_BYTES: int = Settings.model_fields["max_text_bytes"].default


@dataclass(frozen=True, slots=True)
class Options:
    """Inputs and output, the model that scores, and how."""

    inputs: tuple[str, ...]
    out: str
    repository: Path = Path("repository")
    model: str | None = None
    version: int | None = None
    text_column: str = "text"
    format: str | None = None
    """Of a pipe."""
    read: ReadOptions = field(default_factory=ReadOptions)
    prefix: str = ""
    top_words: int = 0
    max_words: int = MAX_WORDS
    max_text_bytes: int = MAX_TEXT_BYTES
    workers: int = 0
    restart: bool = False
    engine: Engine = "local"
    remote: str | None = None
    api_key: str | None = None
    states: States | None = None
    default_model: str | None = None
