"""What the command line of `gatescope score` asks for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """One run, as it was asked for."""

    inputs: tuple[str, ...]
    out: str
    repository: Path = Path("repository")
    model: str | None = None
    version: int | None = None
    text_column: str = "text"
    format: str | None = None
    prefix: str = ""
    top_words: int = 0
    max_words: int = 2048
    workers: int = 0
    restart: bool = False
    engine: Literal["local", "ray"] = "local"
    remote: str | None = None
    api_key: str | None = None
    states: Literal["npz"] | None = None
