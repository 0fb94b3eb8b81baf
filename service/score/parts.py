"""The parts of an unfinished output, in the folder `OUT.parts`: each appears at once or not at all.

`run.json` says what they are parts of, the model by name, version and hash; whoever goes on with them must mean the
same model and options, and only who means the same model may throw them away. A part is one line of JSON, with the
digest of the rows that it was made of, and then its bytes of the output.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from models.bundle.files import sync_folder
from models.reviews.errors import DataError
from service.score.blocks import Block, Counts, ScoredBlock

RUN, LOCK = "run.json", "lock"
OWNER = "model"
"""The entry of an identity that says whose parts they are."""

Identity = Mapping[str, Any]
"""What an output depends on beside the rows, by name: the model's hash, the columns, every option."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the first line of a part says."""

    digest: str
    counts: Counts


class Parts:
    """The parts of `out`. One run at a time holds them."""

    def __init__(self, out: Path, identity: Identity, *, restart: bool) -> None:
        """Open or make the folder. Raises `DataError` where it is in use, or holds parts of something else."""
        self.out, self.folder = out, out.with_name(out.name + ".parts")
        self.folder.mkdir(exist_ok=True)
        self._lock = (self.folder / LOCK).open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise DataError(f"another run is writing {out}") from error
        self._claim(identity, restart=restart)
        self._heads: dict[int, Head] = {number: _head(path) for number, path in self._found()}

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def counts(self) -> Counts:
        """What the parts hold together."""
        return sum((head.counts for head in self._heads.values()), Counts())

    def has(self, block: Block) -> bool:
        """Return whether a block is done. Raises `DataError` where its part was made of other rows."""
        head = self._heads.get(block.number)
        if head is not None and head.digest != block.digest:
            raise self._changed(f"the input has changed since part {block.number} was scored")
        return head is not None

    def check_complete(self, blocks: int) -> None:
        """Raise `DataError` where there are parts of more blocks than the input has now."""
        if len(self._heads) > blocks:
            raise self._changed("the input has become shorter since it was scored")

    def add(self, part: ScoredBlock) -> None:
        """Write a part: aside, flushed, renamed."""
        head = Head(part.digest, part.counts)
        write_whole(self.folder / f"{part.number:09}.part", json.dumps(asdict(head)).encode() + b"\n" + part.content)
        self._heads[part.number] = head

    def contents(self) -> Iterator[BinaryIO]:
        """Yield the parts in order, each open at its first byte of the output."""
        for _, path in self._found():
            with path.open("rb") as file:
                file.readline()
                yield file

    def clear(self) -> None:
        """Forget every part."""
        for path in self.folder.glob("*.part"):
            path.unlink()
        self._heads = {}

    def remove(self) -> None:
        """Remove the folder of the parts: the output is complete."""
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Let others go on with the parts."""
        self._lock.close()

    def _claim(self, identity: Identity, *, restart: bool) -> None:
        """Say whose the parts are. Raises `DataError` where they are another's."""
        path = self.folder / RUN
        wanted = json.loads(json.dumps(identity))
        found = json.loads(path.read_bytes()) if path.exists() else wanted
        if found.get(OWNER) != wanted.get(OWNER):
            self.close()
            raise DataError(
                f"{self.folder}: holds parts made with another model, {found.get(OWNER)}. Nothing was touched; "
                "finish that run, give another --out, or remove the folder"
            )
        changed = [name for name in wanted | found if wanted.get(name) != found.get(name)]
        if restart:
            self.clear()
        elif changed:
            self.close()
            raise self._changed(f"the parts were made with another {', '.join(changed)}")
        write_whole(path, json.dumps(wanted, indent=1).encode())

    def _changed(self, what: str) -> DataError:
        return DataError(f"{self.folder}: {what}. Nothing was touched; give --restart to score everything again")

    def _found(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self.folder.glob("*.part"))


def _head(path: Path) -> Head:
    with path.open("rb") as file:
        head = json.loads(file.readline())
    return Head(head["digest"], Counts(**head["counts"]))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole, and on disk, or not at all."""
    aside = path.with_suffix(".writing")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    sync_folder(path.parent)
