"""What each word brought to an answer, without the rest of a trace."""

from msgspec import Struct

from models.bundle.files import Bundle
from models.text.words import spans
from models.trace.analysis import Analysis


class WordShare(Struct, frozen=True):
    """A word as typed, `text[start:end]` in code points, and what it brought to the logit."""

    word: str
    start: int
    end: int
    share: float


class WordShares(Struct, frozen=True):
    """The ledger of one answer: the shares of the words and `bias` add up to `logit`, of `first` minus `second`."""

    first: str
    second: str
    logit: float
    bias: float
    words: list[WordShare]


def word_shares(bundle: Bundle, text: str, analysis: Analysis) -> WordShares:
    """Return what each word brought, by the deep ledger."""
    labels, target, ledger = bundle.manifest.labels, analysis.target, analysis.deep
    assert target.second is not None
    shares = ledger.words.tolist()
    places = spans(text, len(shares), bundle.vocabulary.pattern)
    words = [WordShare(text[start:end], start, end, share) for (start, end), share in zip(places, shares, strict=True)]
    bias = analysis.head.bias + ledger.bias
    return WordShares(labels[target.first], labels[target.second], analysis.logit, bias, words)
