"""A user's own files as a data set: one that is divided, or one for each split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from export.data.reviews import Review, Reviews, SplitName, gather
from export.data.tables import Columns, LabelledRows, read_table


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Where the reviews of each split lie: a file, folder or glob. A split without one is drawn from `train`."""

    train: str
    validation: str | None = None
    test: str | None = None

    @property
    def by_split(self) -> dict[SplitName, str]:
        """The paths by split."""
        given: dict[SplitName, str | None] = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: path for split, path in given.items() if path is not None}

    @property
    def source(self) -> str:
        """The names of the files, as a model card says them."""
        others = "".join(f", {split} {Path(path).name}" for split, path in self.by_split.items() if split != "train")
        return Path(self.train).name + others


def read_own(files: OwnFiles, columns: Columns, labels: Sequence[str] | None, licence: str) -> Reviews:
    """Read the files. One that is validation or test is not read as part of a training folder. Raises `DataError`."""
    others = [path for split, path in files.by_split.items() if split != "train"]
    read = {
        split: read_table(path, columns, but=others if split == "train" else ())
        for split, path in files.by_split.items()
    }
    return gather(
        Path(files.train).stem,
        files.source,
        licence,
        [row for split, table in read.items() for row in _given(table, split)],
        labels,
        [where for table in read.values() for where in table.skipped],
        sorted({label for table in read.values() for label in table.joined}),
    )


def _given(table: LabelledRows, split: SplitName) -> list[Review]:
    """Return the rows of a file of its own with that file's split, the others as their column has them."""
    return list(table.rows) if split == "train" else [replace(row, given_split=split) for row in table.rows]
