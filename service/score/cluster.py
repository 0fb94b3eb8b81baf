"""`gatescope score --engine ray`: Ray Data reads, actors score with the same code, Parquet files come out.

The bundle travels with the job, so that workers need no folder of models. Ray starts again what a lost worker had;
an output that is there already is never touched.
"""

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.bundle.files import read
from models.reviews.columns import Unanswered
from models.reviews.errors import DataError, UsageError
from models.reviews.file_format import Format, format_of
from models.reviews.parquet_rows import texts
from models.reviews.writer import Writer
from service.score.blocks import ROWS, Counts
from service.score.job import LocalModel
from service.score.scorer import Scorer


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """What an actor needs: the files of the bundle by name, and how rows are scored and written."""

    files: Mapping[str, bytes]
    model: LocalModel
    text_column: str
    writer: Writer

    @classmethod
    def of(cls, model: LocalModel, text_column: str, writer: Writer) -> "ClusterJob":
        """Return the job that scores with a bundle of this machine."""
        folder = model.folder
        files = {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }
        return cls(files, model, text_column, writer)


class Actor:
    """One worker: the model is loaded once, batches come as Arrow tables."""

    def __init__(self, job: ClusterJob) -> None:
        self._job = job
        with tempfile.TemporaryDirectory() as name:
            for path, content in job.files.items():
                file = Path(name) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            model = job.model
            self._score = Scorer(read(Path(name), model.sha256), model.limits, model.top_words)

    def __call__(self, table: Any) -> Any:
        """Return the table with what the model says of every row."""
        column = table.column(self._job.text_column).combine_chunks()
        found = texts(column, self._job.text_column)
        scored = iter(self._score([text for text, _ in found if text is not None]))
        answers = [next(scored) if text is not None else Unanswered(str(error)) for text, error in found]
        return self._job.writer.with_answers(table, answers)


def run_cluster(inputs: list[str], out: str, job: ClusterJob, workers: int) -> Counts:
    """Score on the cluster that `RAY_ADDRESS` names, or on this machine. Raises `DataError`, `UsageError`."""
    ray = _ray()
    if "://" not in out and Path(out).exists() and (not Path(out).is_dir() or any(Path(out).iterdir())):
        raise UsageError(f"{out}: exists; a cluster writes a folder of its own")
    ray.init(address=os.environ.get("RAY_ADDRESS"), log_to_driver=False, configure_logging=False)
    try:
        data = _read(ray, inputs, job.text_column)
        columns = data.schema().names
        if job.text_column not in columns:
            raise DataError(f"no column {job.text_column!r}; there are {', '.join(columns)}: give --text-column")
        job.writer.check_names(columns)
        most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        scored = data.map_batches(
            Actor,
            fn_constructor_args=(job,),
            batch_size=ROWS,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
            num_cpus=1,
        )
        scored.write_parquet(out)
        return _counts(ray, out, job.writer.prefix)
    except (ray.exceptions.RayError, OSError) as error:
        raise DataError(f"{out}: the cluster gave up: {str(error).strip().splitlines()[-1]}") from error
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise DataError("--engine ray needs Ray: pip install 'gatescope[ray]'") from error
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    return ray


def _read(ray: Any, inputs: list[str], text_column: str) -> Any:
    """Return the rows of files and folders, wherever Ray can read: a path of every node, `s3://`, `gs://`."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import csv  # noqa: PLC0415

    format_ = _format(inputs)
    match format_:
        case "arrow":
            raise UsageError("Ray reads no Arrow files: write .parquet")
        case "parquet":
            return ray.data.read_parquet(inputs)
        case "jsonl" | "json":
            return ray.data.read_json(inputs, lines=format_ == "jsonl")
        case "csv":
            return ray.data.read_csv(
                inputs,
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(column_types={text_column: pa.string()}),
            )


def _format(inputs: list[str]) -> Format:
    """Return the format of files by their names; a folder is of the format of its first file, elsewhere of Parquet."""
    name = inputs[0]
    if Path(name).is_dir():
        name = next((str(path) for path in sorted(Path(name).rglob("*")) if path.is_file()), name)
    return format_of(name).format if Path(name).suffix else "parquet"


def _counts(ray: Any, out: str, prefix: str) -> Counts:
    """Count what the output holds."""
    labels: Counter[str | None] = Counter()
    column = f"{prefix}label"
    for batch in ray.data.read_parquet(out, columns=[column]).iter_batches(batch_format="pyarrow"):
        labels.update(batch.column(column).to_pylist())
    return Counts(labels.total(), labels[None], {label: n for label, n in labels.items() if label is not None})
