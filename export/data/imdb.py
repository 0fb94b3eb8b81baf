"""The Large Movie Review Dataset (Maas et al. 2011): 25,000 reviews to learn from, 25,000 to be tested on."""

import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import cast

from export.data.reviews import Review, Reviews, SplitName, gather
from models.reviews.errors import DataError

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
BYTES = 84_125_825
LICENCE = "published for research; cite Maas et al., ACL 2011"
HALVES, LABELS = ("train", "test"), ("neg", "pos")


def imdb(path: Path) -> Reviews:
    """Read the labelled reviews in an `aclImdb` folder or its `.tar.gz`, which is read in place, never unpacked.

    Training reviews are grouped by film where `urls_pos.txt` and `urls_neg.txt` are there. Raises `DataError`.
    """
    files = dict(_folder(path) if path.is_dir() else _archive(path))
    films = {
        (half, label): [line.split("/")[-2] for line in _decoded(files[name], f"{path}: {name}").split() if "/" in line]
        for half in HALVES
        for label in LABELS
        if (name := f"{half}/urls_{label}.txt") in files
    }
    rows = [_row(name, content, films, path) for name, content in sorted(files.items()) if "/urls_" not in name]
    if not rows:
        raise DataError(f"{path}: no train/pos/*.txt in there; is it the aclImdb folder or archive?")
    return gather("imdb", URL, LICENCE, rows, LABELS)


def download(cache: Path, progress: Callable[[int, int], None]) -> Path:
    """Return the archive in `cache`, fetched if it is not there yet; `progress(bytes so far, bytes in all)`."""
    kept = cache / "aclImdb_v1.tar.gz"
    if kept.is_file() and kept.stat().st_size == BYTES:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{os.getpid()}.part")
    try:
        with urllib.request.urlopen(URL, timeout=30) as answer, part.open("wb") as out:
            while chunk := answer.read(1 << 20):
                out.write(chunk)
                progress(out.tell(), BYTES)
        if part.stat().st_size != BYTES:
            raise DataError(f"{URL}: {part.stat().st_size:,} bytes came, {BYTES:,} expected")
        part.replace(kept)
    except (urllib.error.URLError, OSError) as error:
        raise DataError(f"{URL}: {error}; get it by hand and name it with --data-dir") from error
    finally:
        part.unlink(missing_ok=True)
    return kept


def _wanted(name: str) -> str | None:
    """Return `train/pos/0_9.txt` of any path that ends so, None for files that are not read."""
    parts = PurePosixPath(name).parts
    review = len(parts) >= 3 and parts[-3] in HALVES and parts[-2] in LABELS and parts[-1].endswith(".txt")
    urls = len(parts) >= 2 and parts[-2] in HALVES and parts[-1] in {"urls_neg.txt", "urls_pos.txt"}
    return "/".join(parts[-3:]) if review else "/".join(parts[-2:]) if urls else None


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in path.rglob("*.txt"):
        if name := _wanted(file.relative_to(path.parent).as_posix()):
            yield name, file.read_bytes()


def _archive(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                if member.isfile() and (name := _wanted(member.name)):
                    yield name, archive.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path}: not a readable archive or folder: {error}") from error


def _row(name: str, content: bytes, films: dict[tuple[str, str], list[str]], path: Path) -> Review:
    half, label, file = name.split("/")
    number = file.split("_")[0]
    known = films.get((half, label), [])
    film = known[int(number)] if number.isdigit() and int(number) < len(known) else None
    return Review(_decoded(content, f"{path}: {name}"), label, film, cast(SplitName, half))


def _decoded(content: bytes, file: str) -> str:
    """Return `content` as UTF-8, with or without a byte order mark. Raises `DataError` that names the line."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{file}, line {line}: not UTF-8 ({error.reason})") from error
