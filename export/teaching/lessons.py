"""What a network learns from: the training reviews, texts made from them, and sentences whose sense is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from export.data.reviews import positive_label
from export.data.splits import DataSplit
from export.teaching.known import known_sentences
from export.teaching.made_texts import made_texts, parts_of_texts
from export.teaching.opinions import LEVELS, Opinions
from models.network.equations import Array

MADE_TEXTS, SEED = 30_000, 0
LONG, PARTS = 100, 6
KNOWN_SENTENCES, KNOWN_PER_REVIEW = 40_000, 4
SMOOTHING = 0.05
TEACHER_SHARE = 0.5
TEMPERATURE = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """N texts of one kind, `name`, and the probabilities `[N, C]` that a network should answer them with.

    `new_words` says whether the vocabulary takes words from it: texts made of others have none of their own.
    """

    name: str
    texts: tuple[str, ...]
    targets: Array
    new_words: bool = True


def lessons_of(reviews: DataSplit, labels: Sequence[str], opinions: Opinions | None) -> list[Lesson]:
    """Return everything there is to learn from the training `reviews`.

    Their labels, smoothed; where a teacher has read them, half of the target is its opinion, and the texts made from
    them are learnt from its opinion alone. Where the labels are praise and blame, known sentences as well, at most
    `KNOWN_PER_REVIEW` for each review.
    """
    labelled = _smoothed(labelled_reviews(reviews, labels))
    lessons = [labelled] if opinions is None else [_mixed(labelled, opinions), _judged(reviews, opinions)]
    positive = positive_label(labels)
    if positive is not None:
        count = min(KNOWN_PER_REVIEW * len(reviews), KNOWN_SENTENCES)
        lessons.append(_smoothed(known_lesson(positive, count, SEED)))
    return lessons


def labelled_reviews(reviews: DataSplit, labels: Sequence[str]) -> Lesson:
    """Return the training reviews with their labels."""
    return Lesson("reviews", reviews.texts, np.eye(len(labels))[reviews.targets])


def known_lesson(positive: int, count: int, seed: int) -> Lesson:
    """Return `count` sentences whose sense is known, where label `positive` of two is praise."""
    sentences = known_sentences(count, seed)
    praise = np.array([float(praises) for _, praises in sentences])
    columns = (1 - praise, praise) if positive == 1 else (praise, 1 - praise)
    return Lesson("sentences whose sense is known", tuple(text for text, _ in sentences), np.stack(columns, axis=1))


def made_of(reviews: DataSplit) -> list[str]:
    """Return the texts made from the training `reviews` that a teacher is asked about."""
    return made_texts(reviews.texts, MADE_TEXTS, SEED)


def parts_of(reviews: DataSplit) -> list[str]:
    """Return `PARTS` parts of each of the training `reviews`, in their order; none where they are short."""
    return parts_of_texts(reviews.texts, PARTS, SEED) if are_long(reviews) else []


def are_long(reviews: DataSplit) -> bool:
    """Return whether `reviews` have `LONG` words or more on average."""
    return sum(len(text.split()) for text in reviews.texts) >= LONG * len(reviews)


def _mixed(labelled: Lesson, opinions: Opinions) -> Lesson:
    """Return the same reviews; half of each target is the teacher's opinion, where there is one."""
    found = _softened(opinions.about(labelled.texts))
    mixed = (1 - TEACHER_SHARE) * labelled.targets + TEACHER_SHARE * found
    return replace(labelled, targets=np.where(np.isnan(found), labelled.targets, mixed))


def _judged(reviews: DataSplit, opinions: Opinions) -> Lesson:
    """Return the texts made from `reviews`, and parts of them, that there are opinions about, with these as targets."""
    made = [*made_of(reviews), *parts_of(reviews)]
    found = _softened(opinions.about(made))
    asked = np.flatnonzero(~np.isnan(found[:, 1])).tolist()
    texts = tuple(made[row] for row in asked)
    return Lesson(f"texts judged by {opinions.teacher}", texts, found[asked], new_words=False)


def _softened(chance: Array) -> Array:
    """Return probabilities `[N, 2]` from those of the second label `[N]`, a little less sure than the teacher is."""
    sure = np.clip(chance, 1 / LEVELS, 1 - 1 / LEVELS)
    softer = 1 / (1 + ((1 - sure) / sure) ** (1 / TEMPERATURE))
    return np.stack([1 - softer, softer], axis=1)


def _smoothed(lesson: Lesson) -> Lesson:
    """Return the same texts, with a little of each label in every target."""
    return replace(lesson, targets=(1 - SMOOTHING) * lesson.targets + SMOOTHING / lesson.targets.shape[1])
