"""A trace in a notebook: the verdict as a sum, the coloured words, the verdict so far, the cell at every word."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from models.network.equations import Array

if TYPE_CHECKING:
    from service.tracing.trace import Trace, TracedWord

TOWARD, AGAINST = "38, 132, 224", "232, 119, 34"
"""Red, green, blue of what speaks for the target's first label, and of what speaks against it: the explorer's."""
NAMED = 5
WIDTH, HEIGHT, MOST_POINTS = 480, 28, 480
LABEL = "display:inline-block;width:6em"


def notebook_html(trace: "Trace") -> str:
    """Return a trace as HTML with its style in it, on a page of any colour."""
    lines = [_line(f"p({trace.prediction.target.first})", trace.running.p)]
    lines += [_line(name, values) for name, values in (trace.gates.values if trace.gates else {}).items()]
    return f'<div style="line-height:1.7">{_verdict(trace)}{_words(trace)}{_legend(trace)}{"".join(lines)}</div>'


def _verdict(trace: "Trace") -> str:
    """Return the label, and the sum that made it: bias, the strongest words, all others."""
    shares, said = trace.ledger.words.tolist(), trace.prediction
    top = sorted(sorted(range(len(shares)), key=lambda t: -abs(shares[t]))[:NAMED])
    terms = [f"bias {said.bias + trace.ledger.bias:+.2f}"]
    terms += [f"{_coloured(trace.words[t].text, shares[t], 0.35)} {shares[t]:+.2f}" for t in top]
    if len(shares) > NAMED:
        terms.append(f"all others {sum(shares) - sum(shares[t] for t in top):+.2f}")
    check = f"<small>check {abs(trace.ledger.residual):.0e}</small>"
    label = f"<b>{escape(said.label)} {said.probabilities[said.label]:.0%}</b>"
    return f"<p>{label} &nbsp; {' &nbsp; '.join(terms)} &nbsp; = <b>{said.logit:+.2f}</b> {check}</p>"


def _words(trace: "Trace") -> str:
    """Return the review as running text; the deeper the colour of a word, the more it says."""
    shares = trace.ledger.words.tolist()
    largest, end, parts = max(map(abs, shares)) or 1.0, 0, list[str]()
    for word, share in zip(trace.words, shares, strict=True):
        parts.append(" " if word.start > end else "")
        parts.append(_word(word, share, largest))
        end = word.end
    cut = f" … not read: the model stops after {len(shares)} words." if trace.truncated else ""
    return f"<p>{''.join(parts)}{cut}</p>"


def _word(word: "TracedWord", share: float, largest: float) -> str:
    shown = _coloured(word.text, share, 0.6 * abs(share) / largest, title=f"{share:+.3f}")
    return f"<i>{shown}</i>" if word.oov else shown


def _coloured(text: str, share: float, opacity: float, title: str = "") -> str:
    colour = TOWARD if share > 0 else AGAINST
    tip = f' title="{title}"' if title else ""
    return f'<span style="background:rgba({colour}, {opacity:.2f})"{tip}>{escape(text)}</span>'


def _legend(trace: "Trace") -> str:
    target = trace.prediction.target
    against = "the other labels" if target.second is None else target.second
    ends = f"{_coloured(target.first, 1, 0.35)} against {_coloured(against, -1, 0.35)}"
    return f"<p><small>{ends}; italic: not known. Below, word by word from left to right:</small></p>"


def _line(name: str, values: Array) -> str:
    """Return a line of a value after every word, on 0 to 1, or -1 to 1 where it falls below 0, and its last."""
    points = _thinned(values)
    low = -1.0 if min(points) < 0 else 0.0
    across, down = WIDTH / len(points), HEIGHT / (1 - low)
    places = " ".join(f"{across * (t + 0.5):.1f},{down * (1 - value):.1f}" for t, value in enumerate(points))
    middle = f'<path d="M0 {HEIGHT / 2}H{WIDTH}" stroke="currentColor" stroke-opacity=".3"/>'
    line = f'<polyline points="{places}" fill="none" stroke="rgb({TOWARD})" stroke-width="1.5"/>'
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" style="vertical-align:middle"'
    return f'<div><span style="{LABEL}">{escape(name)}</span><svg {box}>{middle}{line}</svg> {values[-1]:.2f}</div>'


def _thinned(values: Array) -> Sequence[float]:
    """Return every k-th value and the last, so that no line has many more points than pixels."""
    step = -(-len(values) // MOST_POINTS)
    thinned: Sequence[float] = np.clip(values[(len(values) - 1) % step :: step], -1, 1).tolist()
    return thinned
