"""One run of `gatescope score`: options to a job, blocks to parts, parts to the output."""

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from models.bundle.files import read_manifest
from models.bundle.repository import model_names, versions
from service.score import read as reading
from service.score.blocks import BYTES, ROWS, Block, Part, Tally, blocks
from service.score.cluster import ClusterJob, run_cluster
from service.score.errors import DataError, UsageError
from service.score.inputs import PIPE, Streams, find, kind_of
from service.score.job import Job, LocalModel
from service.score.merge import check_writable, join
from service.score.parse import Parser
from service.score.parts import Parts
from service.score.remote import Service, find_model
from service.score.rendering import Renderer
from service.score.states import BYTES as STATES_BYTES
from service.score.states import ROWS as STATES_ROWS
from service.score.states import prepare
from service.score.workers import parts as scored_parts


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

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


class Watch(Protocol):
    """Is told how far a run is."""

    def begin(self, total: int | None, kept: Tally) -> None:
        """The input has `total` bytes (None: unknown); `kept` was scored by an earlier run."""

    def scored(self, tally: Tally, done: int) -> None:
        """A part more is scored; `done` bytes of the input are read."""


def run(options: Options, watch: Watch) -> Tally:
    """Score everything and write the output. Raises `DataError`, `UsageError`, `InvalidBundle`, `OSError`."""
    if options.engine == "ray":
        watch.begin(None, Tally())
        tally = _on_cluster(options)
        watch.scored(tally, 0)
        return tally
    names = find(options.inputs, options.out)
    source, target = kind_of(names[0], options.format), kind_of(options.out, options.format)
    if options.out != PIPE:
        check_writable(Path(options.out))
    elif target.format == "parquet":
        raise UsageError("Parquet can't go to a pipe")
    elif options.states is not None:
        raise UsageError("--states is written beside the output: it needs a file as --out")
    model, labels, sha256 = _model(options)
    streams = Streams(names, source)
    opened = reading.open_records(streams, source.format, options.text_column)
    sizes = (ROWS, BYTES) if options.states is None else (STATES_ROWS, STATES_BYTES)
    source_blocks = blocks(opened.rows, options.text_column, rows=sizes[0], most=sizes[1])
    columns = opened.columns
    if columns is None and target.format != "jsonl":
        source_blocks, columns = _with_columns(source_blocks, Parser("jsonl", options.text_column))
    renderer = Renderer(target, labels, options.prefix, options.top_words > 0, columns, opened.schema)
    renderer.check_names(columns or ())
    states = None if options.states is None else Path(f"{options.out}.states")
    job = Job(Parser(source.format, options.text_column, opened.columns), renderer, model, states)
    run_ = _Run(job, streams, source_blocks, options.workers or _cores(), watch)
    if options.out == PIPE:
        watch.begin(streams.total, Tally())
        return _in_order(run_, sys.stdout.buffer)
    identity = {
        "input": "a pipe" if PIPE in names else "files",
        "model": sha256,
        "words limit": options.max_words,
        "text column": options.text_column,
        "columns": columns,
        "prefix": options.prefix,
        "top words": options.top_words,
        "input format": source.format,
        "output format": asdict(target),
        "block": sizes,
        "states": options.states,
    }
    parts = Parts(Path(options.out), identity, restart=options.restart)
    if PIPE in names:
        parts.clear()
    if states is not None:
        prepare(states, keep=len(parts) > 0)
    return _to_file(run_, parts)


@dataclass(frozen=True, slots=True)
class _Run:
    job: Job
    streams: Streams
    blocks: Iterator[Block]
    workers: int
    watch: Watch


def _to_file(run_: _Run, parts: Parts) -> Tally:
    """Score what no earlier run has scored, then join the parts."""
    try:
        run_.watch.begin(run_.streams.total, parts.tally)
        count = 0

        def left() -> Iterator[Block]:
            nonlocal count
            for block in run_.blocks:
                count += 1
                if not parts.has(block):
                    yield block

        for part in scored_parts(run_.job, left(), run_.workers):
            parts.add(part)
            run_.watch.scored(part.tally, run_.streams.done)
        parts.check_complete(count)
        tally = parts.tally
        join(parts, run_.job.renderer)
        return tally
    finally:
        parts.close()


def _in_order(run_: _Run, file: BinaryIO) -> Tally:
    """Write parts in order as they are done; nothing is kept."""
    file.write(run_.job.renderer.head())
    waiting: dict[int, Part] = {}
    tally, turn = Tally(), 0
    for part in scored_parts(run_.job, run_.blocks, run_.workers):
        waiting[part.number] = part
        while (following := waiting.pop(turn, None)) is not None:
            file.write(following.content)
            file.flush()
            tally, turn = tally + following.tally, turn + 1
            run_.watch.scored(following.tally, run_.streams.done)
    return tally


def _model(options: Options) -> tuple[LocalModel | Service, tuple[str, ...], str]:
    """Where the model is, its labels and its hash. Raises `DataError` where there is none."""
    if options.remote is not None:
        if options.top_words or options.states:
            raise UsageError("--top-words and --states need the model here: they don't go with --remote")
        service = find_model(options.remote, options.model, options.version, options.api_key)
        return service, service.labels, service.sha256
    names = model_names(options.repository)
    name = options.model or ("lstm" if "lstm" in names else next(iter(names), "lstm"))
    there = versions(options.repository, name)
    version = options.version or max(there, default=0)
    if version not in there:
        has = ", ".join(f"{each} {versions(options.repository, each)}" for each in names) or "no models"
        raise DataError(f"{options.repository}: no model {name}{f' {version}' if version else ''}; there are {has}")
    folder = options.repository / name / str(version)
    manifest, sha256 = read_manifest(folder)
    return LocalModel(folder, options.max_words, options.top_words), manifest.labels, sha256


def _on_cluster(options: Options) -> Tally:
    if options.remote is not None or PIPE in (options.out, *options.inputs):
        raise UsageError("--engine ray reads files and writes a folder: it takes no pipe and no --remote")
    if options.states is not None:
        raise UsageError("--states writes files on this machine: it does not go with --engine ray")
    model, labels, _ = _model(options)
    assert isinstance(model, LocalModel)
    job = ClusterJob.of(model.folder, labels, options.text_column, options.prefix, options.max_words, options.top_words)
    return run_cluster(options.inputs, options.out, job, options.workers)


def _with_columns(source: Iterator[Block], parser: Parser) -> tuple[Iterator[Block], tuple[str, ...]]:
    """JSON lines into columns: those of the rows of the first block, in the order in which they come."""
    first = next(source, None)
    if first is None:
        raise DataError("the input is empty: there are no columns to write")
    columns = dict.fromkeys(name for record in first.records for name in parser.row(record).values)
    return chain([first], source), tuple(columns)


def _cores() -> int:
    return len(os.sched_getaffinity(0))
