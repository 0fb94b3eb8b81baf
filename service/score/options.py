"""What `gatescope score` is asked for: a flag of the command for each annotated field."""

from dataclasses import dataclass
from typing import Annotated, Literal

import typer
from typer import Option

from models.flags import REPOSITORY, Delimiter, Encoding, Repository, TextColumn, Version
from models.reviews.records import MAX_ROW_BYTES, ReadOptions
from service.settings import Settings

MAX_WORDS: int = Settings.model_fields["max_words"].default
MAX_TEXT_BYTES: int = Settings.model_fields["max_text_bytes"].default

_inputs = typer.Argument(
    metavar="IN...", help="CSV, JSON or Parquet files (also .gz, .zst), folders, globs, or - for a pipe"
)
_format = Option(help="format of a pipe: csv, jsonl, json, parquet; by name where not given")
_states = Option(help="write the hidden states of every row into OUT.states; not where not given")
_max_words = Option(min=1, envvar="GATESCOPE_MAX_WORDS", help="words read of a review")
_max_text_bytes = Option(min=1, envvar="GATESCOPE_MAX_TEXT_BYTES", help="largest text; a larger one gets no label")
_api_key = Option(envvar="GATESCOPE_API_KEY", help="its key; none where not given")


@dataclass(frozen=True, slots=True)
class Options:
    """Inputs and output, the model that scores, and how."""

    inputs: Annotated[list[str], _inputs]
    out: Annotated[str, Option(help="file to write, in the format of its name, or - for a pipe")]
    repository: Repository = REPOSITORY
    model: Annotated[str | None, Option(help="model that scores; the default one where not given")] = None
    version: Version = None
    text_column: TextColumn = "text"
    format: Annotated[str | None, _format] = None
    delimiter: Delimiter = None
    encoding: Encoding = None
    max_row_bytes: Annotated[int, Option(min=1, help="longest row of CSV or JSON")] = MAX_ROW_BYTES
    prefix: Annotated[str, Option(help="put before the names of the added columns; nothing where not given")] = ""
    top_words: Annotated[int, Option(min=0, help="add so many words that counted most; slower")] = 0
    states: Annotated[Literal["npz"] | None, _states] = None
    max_words: Annotated[int, _max_words] = MAX_WORDS
    max_text_bytes: Annotated[int, _max_text_bytes] = MAX_TEXT_BYTES
    workers: Annotated[int, Option(min=0, help="worker processes; 0 is one a core")] = 0
    restart: Annotated[bool, Option("--restart", help="forget what an earlier run has scored")] = False
    engine: Annotated[
        Literal["local", "ray"], Option(help="local, or ray: a cluster, which writes a folder of Parquet")
    ] = "local"
    remote: Annotated[str | None, Option(metavar="URL", help="service that scores; none where not given")] = None
    api_key: Annotated[str | None, _api_key] = None
    default_model: str | None = None

    @property
    def read(self) -> ReadOptions:
        """How the input is written, where that is known. Raises `UsageError` where it can't be."""
        return ReadOptions.of(self.delimiter, self.encoding, self.max_row_bytes)
