"""English words that a review may turn on, and their opposites."""

_PAIRS = """
good bad, great terrible, best worst, better worse, excellent awful, wonderful dreadful, amazing disappointing,
perfect flawed, beautiful ugly, brilliant stupid, clever dumb, smart silly, funny unfunny, hilarious tedious,
interesting boring, exciting dull, gripping tedious, engaging boring, entertaining dull, fresh stale, original
derivative, moving cold, touching hollow, charming annoying, delightful irritating, enjoyable unpleasant, strong
weak, rich poor, subtle clumsy, believable implausible, memorable forgettable, surprising predictable, tight
bloated, short long, fast slow, succeeds fails, works fails, love hate, loved hated, like dislike, liked disliked,
enjoy regret, enjoyed regretted, recommend avoid, recommended avoided, masterpiece mess, success failure, triumph
disaster, winner loser, joy chore, pleasure pain, always never, everything nothing, everyone nobody, more less,
most least, with without, easy difficult, easily hardly, happy sad, clean dirty, fair unfair, friendly rude,
helpful useless, reliable unreliable, worth worthless, right wrong
"""


def _both_ways() -> dict[str, str]:
    """Return each word's opposite; where a word stands in several pairs, that of the first."""
    found: dict[str, str] = {}
    for one, other in (pair.split() for pair in _PAIRS.replace("\n", " ").split(",")):
        found.setdefault(one, other)
        found.setdefault(other, one)
    return found


OPPOSITES = _both_ways()
