"""A classifier that is measured: how it answers one text, how much has to be kept of it, what it has learnt from."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rival:
    """`answer` gives the index of the label of one text; `bytes` is what a file of it takes, its words included."""

    name: str
    family: str
    learnt_from: str
    bytes: int
    answer: Callable[[str], int]


LABELS = "labels"
TAUGHT = "labels, teacher, known sentences"
"""What `gatescope export` teaches its networks."""

TUNED = "MiniLM-L6, fine-tuned"
WIDEST_VECTOR = 128
BUCKETS = 100_000
"""Into how many rows fastText hashes its pairs of words."""
