"""Which scripts texts are written in, by the Unicode names of their letters."""

import unicodedata
from collections import Counter
from collections.abc import Iterable


def scripts(texts: Iterable[str]) -> dict[str, float]:
    """Return the share of each script among the letters, the commonest first."""
    characters = Counter[str]()
    for text in texts:
        characters.update(text)
    letters = Counter[str]()
    for character, count in characters.items():
        if character.isalpha():
            letters[_script(character)] += count
    total = letters.total()
    return {name: count / total for name, count in letters.most_common()}


def _script(letter: str) -> str:
    """Return the first word of the letter's name, which is its script for nearly every letter there is."""
    return unicodedata.name(letter, "unnamed").split()[0].lower()
