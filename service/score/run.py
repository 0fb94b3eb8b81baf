"""One run of `gatescope score`: options to a job, blocks to parts, parts to the output."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from models.bundle.files import Bundle, InvalidBundle
from models.bundle.open_session import open_session
from models.bundle.select import NoSuchModel, open_model
from models.reviews.errors import DataError, UsageError
from models.reviews.file_format import PIPE, TABLES, FileFormat, Format, format_of
from models.reviews.paths import Found, find
from models.reviews.reader import Streams, open_tables, open_text
from models.reviews.rows import RowParser
from models.reviews.writer import Writer
from service.cores import available_cores
from service.inference.columns import answer_columns
from service.inference.limits import TextLimits
from service.score.blocks import Block, BlockSize, Counts, ScoredBlock, arrow_blocks, text_blocks
from service.score.cluster import ClusterJob, run_cluster
from service.score.job import Job, LocalModel
from service.score.merge import check_writable, merge
from service.score.options import Options
from service.score.parts import Parts
from service.score.progress import ScoringProgress
from service.score.remote import RemoteService, find_model
from service.score.states import SIZE as STATES_SIZE
from service.score.states import prepare
from service.score.workers import parts as scored_parts


def run(options: Options, progress: ScoringProgress) -> Counts:
    """Score everything and write the output. Raises `DataError`, `UsageError`, `OSError`."""
    if options.engine == "ray":
        progress.begin(None, Counts())
        counts = _on_cluster(options, progress)
        progress.scored(counts, 0)
        return counts
    found = find(options.inputs, options.out)
    progress.left_out(found.left_out)
    target = _target(options)
    model = _model(options, progress)
    source = _open(options, found, columns_wanted=target.format != "jsonl")
    writer = Writer(
        target, answer_columns(model.labels, top_words=options.top_words > 0), options.prefix, source.columns
    )
    writer.check_names(source.columns or ())
    states = None if options.states is None else Path(f"{options.out}.states")
    job = Job(source.parser, writer, model, states, named=len(found.names) > 1)
    scoring = _Scoring(job, source, options.workers or available_cores(), progress)
    if options.out == PIPE:
        progress.begin(source.streams.total, Counts())
        return _in_order(scoring, sys.stdout.buffer)
    parts = Parts(Path(options.out), _identity(options, model, source, target), restart=options.restart)
    if PIPE in found.names:
        parts.clear()
    if states is not None:
        prepare(states, keep=len(parts) > 0)
    return _to_file(scoring, parts)


def _target(options: Options) -> FileFormat:
    """Return the format of the output, which can be written. Raises `UsageError`, `DataError`."""
    target = format_of(options.out, options.format)
    if target.format in ("json", "arrow"):
        raise UsageError(f"{options.out}: a JSON list or Arrow is only read: write .jsonl or .parquet")
    if options.out != PIPE:
        check_writable(Path(options.out))
    elif target.format == "parquet":
        raise UsageError("Parquet can't go to a pipe")
    elif options.states is not None:
        raise UsageError("--states is written beside the output: it needs a file as --out")
    return target


@dataclass(frozen=True, slots=True)
class _Source:
    """The opened input: its rows in blocks. `columns` are None where every row may have its own."""

    format: Format
    streams: Streams
    blocks: Iterator[Block]
    parser: RowParser
    columns: tuple[str, ...] | None
    size: BlockSize


def _open(options: Options, found: Found, *, columns_wanted: bool) -> _Source:
    """Open the input. Raises `DataError` where it can't be read, or has no column for a table."""
    kind = format_of(found.names[0], options.format)
    streams, size = Streams(found.names, kind), BlockSize() if options.states is None else STATES_SIZE
    if kind.format in TABLES:
        tables = open_tables(streams, [options.text_column])
        parser = RowParser(kind.format, options.text_column)
        blocks = arrow_blocks(tables.batches, options.text_column, size)
        return _Source(kind.format, streams, blocks, parser, tuple(tables.schema.names), size)
    text = open_text(streams, kind.format, [options.text_column], options.read)
    parser = RowParser(kind.format, options.text_column, text.columns)
    blocks, columns = text_blocks(text.rows, size), text.columns
    if columns is None and columns_wanted:
        blocks, columns = _with_columns(blocks, parser)
    return _Source(kind.format, streams, blocks, parser, columns, size)


def _with_columns(blocks: Iterator[Block], parser: RowParser) -> tuple[Iterator[Block], tuple[str, ...]]:
    """Return the blocks and the columns of JSON rows in a table: those of the first block, in their order."""
    first = next(blocks, None)
    if first is None:
        raise DataError("the input is empty: there are no columns to write")
    rows, _ = parser.parse(first.contents)
    return chain([first], blocks), tuple(dict.fromkeys(name for values in rows.values for name in values))


def _identity(
    options: Options, model: LocalModel | RemoteService, source: _Source, target: FileFormat
) -> dict[str, Any]:
    """Return what the output depends on beside the rows."""
    return {
        "model": f"{model.name} version {model.version}, sha256 {model.sha256}",
        "input": "a pipe" if PIPE in source.streams.names else "files",
        "words limit": options.max_words,
        "bytes limit": options.max_text_bytes,
        "text column": options.text_column,
        "columns": source.columns,
        "prefix": options.prefix,
        "top words": options.top_words,
        "input format": source.format,
        "reading": asdict(options.read),
        "output format": asdict(target),
        "block": asdict(source.size),
        "states": options.states,
    }


@dataclass(frozen=True, slots=True)
class _Scoring:
    job: Job
    source: _Source
    workers: int
    progress: ScoringProgress


def _to_file(scoring: _Scoring, parts: Parts) -> Counts:
    """Score what no earlier run has scored, then merge the parts."""
    try:
        scoring.progress.begin(scoring.source.streams.total, parts.counts)
        count = 0

        def left() -> Iterator[Block]:
            nonlocal count
            for block in scoring.source.blocks:
                count += 1
                if not parts.has(block):
                    yield block

        for part in scored_parts(scoring.job, left(), scoring.workers):
            parts.add(part)
            scoring.progress.scored(part.counts, scoring.source.streams.done)
        parts.check_complete(count)
        counts = parts.counts
        merge(parts, scoring.job.writer)
        return counts
    finally:
        parts.close()


def _in_order(scoring: _Scoring, file: BinaryIO) -> Counts:
    """Write parts in order as they are done; nothing is kept."""
    file.write(scoring.job.writer.head())
    waiting: dict[int, ScoredBlock] = {}
    counts, turn = Counts(), 0
    for part in scored_parts(scoring.job, scoring.source.blocks, scoring.workers):
        waiting[part.number] = part
        while (following := waiting.pop(turn, None)) is not None:
            file.write(following.content)
            file.flush()
            counts, turn = counts + following.counts, turn + 1
            scoring.progress.scored(following.counts, scoring.source.streams.done)
    return counts


def _model(options: Options, progress: ScoringProgress) -> LocalModel | RemoteService:
    """Find the model, and say which newer versions are passed over. Raises `DataError` where there is none."""
    if options.remote is not None:
        if options.top_words or options.states:
            raise UsageError("--top-words and --states need the model here: they don't go with --remote")
        return find_model(options.remote, options.model, options.version, options.api_key)
    try:
        found = open_model(
            options.repository, _usable, name=options.model, version=options.version, default=options.default_model
        )
    except (NoSuchModel, InvalidBundle) as error:
        raise DataError(f"{options.repository}: {error}") from error
    for warning in found.warnings:
        progress.warn(warning)
    return LocalModel.of(found.newest, TextLimits(options.max_words, options.max_text_bytes), options.top_words)


def _usable(bundle: Bundle) -> Bundle:
    """Return the bundle, which repeats its golden answers. Raises `InvalidBundle`."""
    open_session(bundle)
    return bundle


def _on_cluster(options: Options, progress: ScoringProgress) -> Counts:
    if options.remote is not None or PIPE in (options.out, *options.inputs):
        raise UsageError("--engine ray reads files and writes a folder: it takes no pipe and no --remote")
    if options.states is not None:
        raise UsageError("--states writes files on this machine: it does not go with --engine ray")
    model = _model(options, progress)
    assert isinstance(model, LocalModel)
    columns = answer_columns(model.labels, top_words=options.top_words > 0)
    writer = Writer(FileFormat("parquet"), columns, options.prefix)
    return run_cluster(options.inputs, options.out, ClusterJob.of(model, options.text_column, writer), options.workers)
