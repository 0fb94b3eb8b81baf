"""What a person should know of reviews before a network learns from them, each as a sentence."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from export.data.reviews import SPLITS, Reviews

SHOWN = 3


def remarks(reviews: Reviews) -> list[str]:
    """Return a sentence about everything that was left out, joined, or is likely to be a mistake."""
    return [*_dropped(reviews), *_skipped(reviews), *_labels(reviews), *_groups(reviews)]


def _dropped(reviews: Reviews) -> Iterator[str]:
    if reviews.duplicates:
        yield f"dropped {reviews.duplicates:,} duplicates"
    for (split, kept), count in sorted(reviews.overlaps.items()):
        yield f"dropped {count:,} {split} reviews that stand in {kept} too"
    if reviews.contradictions:
        yield f"{reviews.contradictions:,} of the copies dropped have another label than the one that was kept"


def _skipped(reviews: Reviews) -> Iterator[str]:
    if reviews.skipped:
        reasons = Counter(where.rpartition(": ")[2] for where in reviews.skipped)
        said = ", ".join(f"{count:,} as {reason}" for reason, count in reasons.most_common())
        yield f"skipped {len(reviews.skipped):,} rows, {said}; the first: {reviews.skipped[0]}"


def _labels(reviews: Reviews) -> Iterator[str]:
    for label in reviews.joined:
        yield f"label {label!r} stands as text and as a number in the files: they are one label"
    for names in alike(reviews.labels):
        yield f"labels {_named(names)} look alike and are told apart: give them one name where they mean the same"


def _groups(reviews: Reviews) -> Iterator[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in reviews.rows:
        if row.group is not None:
            splits[row.group].add(row.given_split)
    for pair in combinations(SPLITS, 2):
        shared = sorted(group for group, found in splits.items() if found >= set(pair))
        if shared:
            yield f"{len(shared):,} groups stand in {pair[0]} and in {pair[1]}, as they were given: {_named(shared)}"


def alike(labels: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the labels that differ only in case, spaces, Unicode form or how a number or truth is written."""
    found: dict[object, list[str]] = defaultdict(list)
    for label in labels:
        found[_meaning(label)].append(label)
    return [tuple(names) for names in found.values() if len(names) > 1]


def _meaning(label: str) -> object:
    plain = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    if plain in {"true", "false"}:
        return float(plain == "true")
    try:
        number = float(plain)
    except ValueError:
        return plain
    return number if math.isfinite(number) else plain


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")
