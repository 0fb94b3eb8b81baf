"""The parts of an unfinished output, in the folder `OUT.parts`: each appears at once or not at all.

`run.json` says what they are parts of; whoever goes on with them must mean the same model and options. A part is one
line of JSON, with the digest of the rows that it was made of, and then its bytes of the output.
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
from service.score.blocks import Block, Part, Tally
from service.score.errors import DataError

RUN, LOCK = "run.json", "lock"

Identity = Mapping[str, Any]
"""What an output depends on beside the rows, by name: the model's hash, the columns, every option."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the first line of a part says."""

    digest: str
    tally: Tally


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
        if restart:
            (self.folder / RUN).unlink(missing_ok=True)
            self.clear()
        self._claim(identity)
        self._heads: dict[int, Head] = {number: _head(path) for number, path in self._found()}

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def tally(self) -> Tally:
        """What the parts hold together."""
        return sum((head.tally for head in self._heads.values()), Tally())

    def has(self, block: Block) -> bool:
        """Whether a block is done. Raises `DataError` where its part was made of other rows."""
        head = self._heads.get(block.number)
        if head is not None and head.digest != block.digest:
            raise self._changed(f"the input has changed since part {block.number} was scored")
        return head is not None

    def check_complete(self, blocks: int) -> None:
        """Raise `DataError` where there are parts of more blocks than the input has now."""
        if len(self._heads) > blocks:
            raise self._changed("the input has become shorter since it was scored")

    def add(self, part: Part) -> None:
        """Write a part: aside, flushed, renamed."""
        head = Head(part.digest, part.tally)
        write_whole(self.folder / f"{part.number:09}.part", json.dumps(asdict(head)).encode() + b"\n" + part.content)
        self._heads[part.number] = head

    def contents(self) -> Iterator[BinaryIO]:
        """The parts in order, each open at its first byte of the output."""
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
        """The output is complete: nothing is left of its parts."""
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Let others go on with the parts."""
        self._lock.close()

    def _claim(self, identity: Identity) -> None:
        path = self.folder / RUN
        wanted = json.loads(json.dumps(identity))
        if not path.exists():
            write_whole(path, json.dumps(wanted, indent=1).encode())
            return
        found = json.loads(path.read_bytes())
        changed = [name for name in wanted | found if wanted.get(name) != found.get(name)]
        if changed:
            self.close()
            raise self._changed(f"the parts were made with another {', '.join(changed)}")

    def _changed(self, what: str) -> DataError:
        return DataError(f"{self.folder}: {what}. Nothing was touched; give --restart to score everything again")

    def _found(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self.folder.glob("*.part"))


def _head(path: Path) -> Head:
    with path.open("rb") as file:
        head = json.loads(file.readline())
    return Head(head["digest"], Tally(**head["tally"]))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole, and on disk, or not at all."""
    aside = path.with_suffix(".writing")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    sync_folder(path.parent)
