"""The metrics of several processes as one text.

It is what prometheus-client's `MultiProcessCollector` and `generate_latest` make of the same files, in a tenth of the
time: a file's keys stay as they are and where they are, only more are added. So which values make up each line is
worked out once, and a scrape reads the values, adds them up and fills them in.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.utils import floatToGoString

from service.metrics.exposition import DRIFT_COUNTS, drift, written

COMBINED: Mapping[str, Callable[[Iterable[float]], float]] = {"sum": sum, "all": sum, "min": min, "max": max}
"""How the values of several processes become one, by a gauge's mode; with `all`, each is a line of its own."""
NOT_A_BUCKET = -math.inf

Labels = tuple[tuple[str, str], ...]
_number = lru_cache(1 << 12)(floatToGoString)


class MultiprocessAggregator:
    """The metrics of all processes that keep theirs in a folder, those that have ended included."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plan = Plan({})

    def text(self) -> bytes:
        """The text of a scrape. Takes a millisecond or two, where a series is new ten: to be called off the event loop.

        Raises `KeyError` for a gauge of a mode that is not in `COMBINED`.
        """
        parts = {file: part for file in sorted(self._folder.glob("*.db")) if (part := _used(file))}
        sizes = {file: len(part) for file, part in parts.items()}
        plan = self._plan
        if plan.sizes != sizes:
            plan = self._plan = Plan(sizes)
        return plan.text(memoryview(b"".join(parts.values())).cast("d"))


class Plan:
    """Which values make up each line, for files that hold so many bytes and are read one after another."""

    def __init__(self, sizes: Mapping[Path, int]) -> None:
        self.sizes = sizes
        self._sources: list[tuple[Callable[[Iterable[float]], float], Sequence[int]]] = []
        families = _families(sizes)
        for family in families:
            for name, labels, places in family.lines():
                family.metric.add_sample(name, dict(labels), 0)
                self._sources.append((family.combined, places))
        samples = [sample for family in families for sample in family.metric.samples]
        self._drift = [(line, sample) for line, sample in enumerate(samples) if sample.name in DRIFT_COUNTS]
        text = written([family.metric for family in families]).decode().replace("%", "%%")
        self._template = "\n".join(map(_with_gap, text.split("\n")))

    def text(self, values: Sequence[float]) -> bytes:
        """The lines, and what follows from them, for these values: all doubles of all files."""
        numbers = [combined(map(values.__getitem__, places)) for combined, places in self._sources]
        drifted = drift(sample._replace(value=numbers[line]) for line, sample in self._drift)
        return (self._template % tuple(map(_number, numbers))).encode() + written(drifted)


@dataclass(frozen=True, slots=True)
class Family:
    """A metric, and by labels, a bucket's bound and a name where the values lie that make up a line."""

    metric: Metric
    combined: Callable[[Iterable[float]], float]
    places: defaultdict[Labels, defaultdict[tuple[float, str], list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def lines(self) -> Iterator[tuple[str, Labels, Sequence[int]]]:
        """Name, labels and places of each line: a bucket counts what is in those below it, too, the last one all."""
        for labels, series in self.places.items():
            below: list[int] = []
            for (bound, name), places in sorted(series.items()):
                if bound == NOT_A_BUCKET:
                    yield name, labels, places
                    continue
                below += places
                yield name, (*labels, ("le", _number(bound))), tuple(below)
                if bound == math.inf:
                    yield f"{self.metric.name}_count", labels, below


def _families(sizes: Mapping[Path, int]) -> Sequence[Family]:
    families: dict[str, Family] = {}
    start = 0
    for file, size in sizes.items():
        kind, *mode, process = file.stem.split("_")
        how = mode[0].removeprefix("live") if mode else "sum"
        for key, place in _keys(file, size):
            family, name, labels, described = json.loads(key)
            bound = float(labels.pop("le", NOT_A_BUCKET)) if kind == "histogram" else NOT_A_BUCKET
            if how == "all":
                labels["pid"] = process
            found = families.setdefault(family, Family(Metric(family, described, kind), COMBINED[how]))
            found.places[tuple(sorted(labels.items()))][bound, name].append((start + place) // 8)
        start += size
    return list(families.values())


def _used(file: Path) -> bytes:
    """The part of a file that is in use; its first four bytes say how long that is. A live gauge's file may be gone."""
    with suppress(FileNotFoundError), file.open("rb", buffering=0) as opened:
        size = int.from_bytes(opened.read(4), sys.byteorder)
        opened.seek(0)
        return opened.read(size)
    return b""


def _keys(file: Path, size: int) -> Iterator[tuple[str, int]]:
    """The keys in the first `size` bytes of a file, and at which byte the value of each lies."""
    with suppress(FileNotFoundError):
        for key, _, _, place in MmapedDict.read_all_values_from_file(file):  # type: ignore[no-untyped-call]
            if place < size:
                yield key, place


def _with_gap(line: str) -> str:
    """A line with a gap where its number was."""
    return f"{line.rpartition(' ')[0]} %s" if line and not line.startswith("#") else line
