"""Python's own tables of Unicode, as the classes of `models/text/unicode_classes.py`, which was made by

    python3.13 -m tests.models.text.unicode_tables > models/text/unicode_classes.py

and stays as it is: what a code point is to pattern 2 is part of every bundle. Another Unicode is another version.
"""

import sys
import unicodedata
from collections.abc import Callable, Iterable
from textwrap import wrap

WITHOUT_SPACES = (
    *("THAI ", "LAO ", "KHMER ", "MYANMAR ", "TAI LE ", "NEW TAI LUE ", "TAI THAM ", "TAI VIET "),
    *("HIRAGANA ", "KATAKANA ", "HALFWIDTH KATAKANA "),
)
IDEOGRAPHS = ("CJK ", "IDEOGRAPHIC ", "TANGUT ", "NUSHU ", "KHITAN ", "YI SYLLABLE ")


def _points(*ranges: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(point) for first, last in ranges for point in range(first, last + 1))


AFTER_THEIR_CONSONANT = frozenset("ะาำๅະາຳーｰﾞﾟ")
"""Vowels, long marks and voice marks that Unicode counts as letters."""
JOINERS = _points((0x200C, 0x200D))
LEFT_OUT = _points((0xAD, 0xAD), (0x34F, 0x34F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""Soft hyphens and variation selectors."""
SKIN_TONES = _points((0x1F3FB, 0x1F3FF))
TAGS = _points((0xE0020, 0xE007F))
REGIONAL = _points((0x1F1E6, 0x1F1FF))
"""Letters, two of which are a flag."""
JAMO = _points((0x1161, 0x1175), (0x11A8, 0x11C2))
"""Vowels and finals of Hangul, which compose with what stands before them."""
DIRECTIONS = _points((0x61C, 0x61C), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF))
EMOJI = range(0x1F000, 0x1FC00)
JOIN = AFTER_THEIR_CONSONANT | JOINERS | LEFT_OUT | SKIN_TONES | TAGS
INVISIBLE_ALONE = DIRECTIONS | JOINERS | LEFT_OUT | SKIN_TONES


def _name(point: str) -> str:
    return unicodedata.name(point, "")


def _mark(point: str) -> bool:
    return unicodedata.category(point)[0] == "M" or point in JOIN


def _cluster(point: str) -> bool:
    return point.isalpha() and _name(point).startswith(WITHOUT_SPACES) and not _mark(point)


def _letter(point: str) -> bool:
    return point.isalnum() and not (_mark(point) or _cluster(point) or _name(point).startswith(IDEOGRAPHS))


def _symbol(point: str) -> bool:
    if point.isascii() or _mark(point) or point in REGIONAL:
        return False
    return unicodedata.category(point)[0] == "S" or (unicodedata.category(point) == "Cn" and ord(point) in EMOJI)


def _space(point: str) -> bool:
    return point.isspace() or point in INVISIBLE_ALONE


def _folded(point: str) -> bool:
    changed = unicodedata.normalize("NFC", point.lower()) != point and unicodedata.category(point) != "Cs"
    return changed or _mark(point) or point in JAMO


CLASSES: dict[str, Callable[[str], bool]] = {
    "LETTERS": _letter,
    "CLUSTERS": _cluster,
    "MARKS": _mark,
    "SYMBOLS": _symbol,
    "FLAGS": REGIONAL.__contains__,
    "SPACES": _space,
    "FOLDED": _folded,
}


def listed(points: Iterable[int]) -> str:
    """Return code points in rising order as ranges: `30-39 5f`, hexadecimal."""
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found)


def module() -> str:
    """Return the text of `unicode_classes.py` by the tables of this Python."""
    lines = [
        '"""Code points by what they are to word pattern 2, in hexadecimal ranges. Generated; part of every bundle."""'
    ]
    lines += ["", f'VERSION = "{unicodedata.unidata_version}"']
    for name, belongs in CLASSES.items():
        points = (point for point in range(sys.maxunicode + 1) if belongs(chr(point)))
        lines += ["", f'{name} = """', *wrap(listed(points), 118, break_on_hyphens=False), '"""']
    return "\n".join(lines)


if __name__ == "__main__":
    print(module())
