"""Texts made from the training reviews: short, cut, joined and negated, so that the order of words decides."""

import random
import re
from collections import Counter
from collections.abc import Sequence

COPULA = re.compile(r"\b(is|are|was|were|be)\b(?! not\b)", re.IGNORECASE)
NEGATION = re.compile(r"\b(not|never) |n't\b", re.IGNORECASE)
DESCRIBED = re.compile(r"\b(?:is|was|very|so|too|really|quite|more|less|pretty) ([a-z]{3,})\b")
JOINTS = (" but ", ", but ", " and ", ", although ", ". However, ", ", yet ", " even though ")
OPENINGS = ("Although ", "While ", "Even though ", "Despite the fact that ")
FRAMES = (
    "It is {}.",
    "It is not {}.",
    "It isn't {}.",
    "The film is never {}.",
    "This was not {} at all.",
    "It was not very {}.",
    "Not {}.",
    "Hardly {}.",
    "Far from {}.",
    "Nothing here is {}.",
    "{}, but not {}.",
    "{} but {}.",
    "Although {}, it is {}.",
    "It is {} and not {}.",
)
DROPPED = 0.3
PART = (8, 50)
"""The fewest and the most words of a part of a text."""


def made_texts(reviews: Sequence[str], count: int, seed: int) -> list[str]:
    """Return up to `count` different texts made from `reviews`; the same for the same reviews and seed."""
    draw = random.Random(seed)
    described = _described(reviews)
    made: dict[str, None] = {}
    for _ in range(count):
        text = draw.choice(MAKERS)(reviews, described, draw)
        if text.strip():
            made[text] = None
    return list(made)


def parts_of_texts(texts: Sequence[str], parts: int, seed: int) -> list[str]:
    """Return so many parts of each text, one text after the other: `PART` words that stand side by side."""
    draw = random.Random(seed)
    return [_part(text.split(), draw) for text in texts for _ in range(parts)]


def _part(words: Sequence[str], draw: random.Random) -> str:
    length = draw.randint(*PART)
    start = draw.randint(0, max(0, len(words) - length))
    return " ".join(words[start : start + length])


def _described(reviews: Sequence[str]) -> list[str]:
    """Return the words that describe: those that stand after "is", "very" and the like at least twice, in order."""
    counts = Counter(word for review in reviews for word in DESCRIBED.findall(review.lower()))
    return sorted(word for word, count in counts.items() if count >= 2)


def _span(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return two to eight words that stand side by side."""
    words = draw.choice(reviews).split()
    length = draw.randint(2, 8)
    start = draw.randrange(max(1, len(words) - length + 1))
    return " ".join(words[start : start + length])


def _joined(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return the beginning of one review and the end of another."""
    first, second = _beginning(reviews, draw), _end(reviews, draw)
    return f"{first.rstrip('.,;:!?')}{draw.choice(JOINTS)}{second}"


def _conceded(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return two beginnings, the first of them conceded."""
    return f"{draw.choice(OPENINGS)}{_beginning(reviews, draw).rstrip('.,;:!?')}, {_beginning(reviews, draw)}"


def _thinned(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return a review without some of its words."""
    return " ".join(word for word in draw.choice(reviews).split() if draw.random() >= DROPPED)


def _negated(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return part of a review that says "is not" where it said "is", or the other way round."""
    for _ in range(100):
        review = draw.choice(reviews)
        for pattern, replacement in ((COPULA, r"\1 not"), (NEGATION, "")):
            if found := pattern.search(review):
                return _around(found, found.expand(replacement), draw)
    return ""


def _around(found: re.Match[str], replacement: str, draw: random.Random) -> str:
    """Return eight to sixteen words about what was `found`, with `replacement` in its place."""
    review = found.string
    before = len(review[: found.start()].split())
    words = f"{review[: found.start()]}{replacement}{review[found.end() :]}".split()
    return " ".join(words[max(0, before - draw.randint(1, 6)) : before + draw.randint(4, 10)])


def _framed(reviews: Sequence[str], described: Sequence[str], draw: random.Random) -> str:
    """Return words that describe, in a short sentence."""
    if not described:
        return ""
    frame = draw.choice(FRAMES)
    return frame.format(*(draw.choice(described) for _ in range(frame.count("{}"))))


def _beginning(reviews: Sequence[str], draw: random.Random) -> str:
    words = draw.choice(reviews).split()
    return " ".join(words[: draw.randint(3, 10)])


def _end(reviews: Sequence[str], draw: random.Random) -> str:
    words = draw.choice(reviews).split()
    return " ".join(words[-draw.randint(3, 10) :])


MAKERS = (_span, _span, _joined, _joined, _conceded, _thinned, _negated, _negated, _framed)
"""Each is drawn as often as it stands here; all take reviews, the words that describe, and what they draw with."""
