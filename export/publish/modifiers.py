"""What words such as "not", "very" and "but" do to the words around them: read off a trained model by asking it.

After Maheswaranathan and Sussillo (ICML 2020): such modifiers are what a recurrent network adds to a bag of words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
from rich.table import Table

from export.data.grammar import read_toml
from export.data.reviews import positive_label
from export.publish.behaviour import FILE
from models.network.equations import Array

MODIFIERS = ("not", "never", "hardly", "far from", "very", "really", "slightly", "too", "but", "yet", "although", "and")
SUBJECTS = ("The film is", "The phone is")
PLACES = {
    "next word": "{subject} {modifier} {word}",
    "2nd word": "{subject} {modifier} a {word}",
    "4th word": "{subject} {modifier} one of those {word}",
    "7th word": "{subject} {modifier} here and in all the rest {word}",
    "next sentence": "{subject} {modifier} new. It is {word}",
    "words before": "{subject} {word} {modifier} the story",
}
WORDS = 20
LEAST_CONTRAST = 0.1

Gains = dict[str, dict[str, float]]
"""By modifier and place, what it multiplies the contrast of praise and blame by: 1 leaves it, -1 reverses it."""


def modifier_gains(predict: Callable[[Sequence[str]], Array], labels: Sequence[str]) -> Gains:
    """Return what each modifier does to the words at each place around it; nothing where that can't be measured.

    The contrast is the mean log-odds of praise after words of praise, less that after words of blame; a gain is the
    contrast with the modifier by that without. A bag of words has gains of 1. `predict` gives the probabilities
    `[N, C]` of texts. A place is left out whose contrast without modifier is under `LEAST_CONTRAST`; nothing is
    measured where that is the next word, or where `labels` are not sentiment.
    """
    positive = positive_label(labels)
    if positive is None:
        return {}
    chances = np.asarray(predict(_texts()), np.float64)[:, positive].clip(1e-6, 1 - 1e-6)
    log_odds = np.log(chances / (1 - chances)).reshape(len(PLACES), 1 + len(MODIFIERS), 2, -1).mean(-1)
    contrast = log_odds[:, :, 0] - log_odds[:, :, 1]
    measured = contrast[:, 0] >= LEAST_CONTRAST
    if not measured[0]:
        return {}
    places = [place for place, found in zip(PLACES, measured, strict=True) if found]
    gains = (contrast[measured, 1:] / contrast[measured, :1]).T.tolist()
    return {modifier: dict(zip(places, row, strict=True)) for modifier, row in zip(MODIFIERS, gains, strict=True)}


def _texts() -> list[str]:
    """Return a text for each place, modifier (none first), sense (praise first), word and subject, in this order."""
    words = read_toml(FILE)["words"]
    senses = (words["good"][:WORDS], words["bad"][:WORDS])
    return [
        " ".join(place.format(subject=subject, modifier=modifier, word=word).split())
        for place, modifier, sense in product(PLACES.values(), ("", *MODIFIERS), senses)
        for word, subject in product(sense, SUBJECTS)
    ]


def modifier_table(gains: Gains) -> Table:
    """Return the gains for a terminal: a row a modifier, a column a place."""
    return _table("modifiers: what they multiply praise and blame by", PLACES, modifier_rows(gains))


def modifier_rows(gains: Gains) -> list[list[str]]:
    """Return the cells of that table."""
    return [
        [modifier, *(_short(row[place]) if place in row else "" for place in PLACES)] for modifier, row in gains.items()
    ]


def next_word_table(measured: Mapping[str, Gains]) -> Table:
    """Return what modifiers do to the next word, for a terminal: a row a modifier, a column a model."""
    rows = ([word, *(_short(gains[word]["next word"]) for gains in measured.values())] for word in MODIFIERS)
    return _table("modifiers: what they multiply the next word by", measured, rows)


def _short(gain: float) -> str:
    return f"{round(gain, 1) + 0.0:.1f}"


def _table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    drawn = Table("modifier", title=title, title_justify="left")
    for column in columns:
        drawn.add_column(column, justify="right")
    for row in rows:
        drawn.add_row(*row)
    return drawn
