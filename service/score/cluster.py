"""`gatescope score --engine ray`: Ray Data reads, actors score with the same code, Parquet files come out.

The bundle travels with the job, so that workers need no folder of models. Ray starts again what a lost worker had;
an output that is there already is never touched.
"""

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.bundle.files import read
from service.score.blocks import ROWS, Tally
from service.score.errors import DataError, UsageError
from service.score.inputs import Format, Kind, kind_of
from service.score.rendering import Renderer
from service.score.scorer import Scorer, Unscorable


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """What an actor needs: the files of the bundle by name, and how rows are scored and written."""

    files: Mapping[str, bytes]
    text_column: str
    renderer: Renderer
    max_words: int
    top_words: int = field(default=0)

    @classmethod
    def of(
        cls, folder: Path, labels: tuple[str, ...], text_column: str, prefix: str, max_words: int, top_words: int
    ) -> "ClusterJob":
        """The job that scores with the bundle in `folder`."""
        files = {
            str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
        }
        return cls(files, text_column, Renderer(Kind("parquet"), labels, prefix, top_words > 0), max_words, top_words)


class Actor:
    """One worker: the model is loaded once, batches come as Arrow tables."""

    def __init__(self, job: ClusterJob) -> None:
        self._job = job
        with tempfile.TemporaryDirectory() as name:
            for path, content in job.files.items():
                file = Path(name) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            self._score = Scorer(read(Path(name)), job.max_words, job.top_words)

    def __call__(self, table: Any) -> Any:
        """The table with what the model says of every row."""
        texts = table.column(self._job.text_column).to_pylist()
        scored = iter(self._score([text for text in texts if isinstance(text, str)]))
        missing = Unscorable(f"column {self._job.text_column!r} holds no text")
        answers = [next(scored) if isinstance(text, str) else missing for text in texts]
        return self._job.renderer.with_answers(table, answers)


def run_cluster(inputs: tuple[str, ...], out: str, job: ClusterJob, workers: int) -> Tally:
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
        job.renderer.check_names(columns)
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
        return _tally(ray, out, job.renderer.prefix)
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


def _read(ray: Any, inputs: tuple[str, ...], text_column: str) -> Any:
    """The rows of files and folders, wherever Ray can read: a path of every node, `s3://`, `gs://`."""
    import pyarrow as pa  # noqa: PLC0415 - an extra
    from pyarrow import csv  # noqa: PLC0415

    format_ = _format(inputs)
    match format_:
        case "parquet":
            return ray.data.read_parquet(list(inputs))
        case "jsonl":
            return ray.data.read_json(list(inputs), lines=True)
        case "csv":
            return ray.data.read_csv(
                list(inputs),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(column_types={text_column: pa.string()}),
            )


def _format(inputs: tuple[str, ...]) -> Format:
    """The format of files by their names; a folder is of the format of its first file, elsewhere of Parquet."""
    name = inputs[0]
    if Path(name).is_dir():
        name = next((str(path) for path in sorted(Path(name).rglob("*")) if path.is_file()), name)
    return kind_of(name).format if Path(name).suffix else "parquet"


def _tally(ray: Any, out: str, prefix: str) -> Tally:
    """What the output holds, by its own account."""
    labels: Counter[str | None] = Counter()
    column = f"{prefix}label"
    for batch in ray.data.read_parquet(out, columns=[column]).iter_batches(batch_format="pyarrow"):
        labels.update(batch.column(column).to_pylist())
    return Tally(labels.total(), labels[None], {label: n for label, n in labels.items() if label is not None})
