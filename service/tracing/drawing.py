"""A trace on the terminal: the equation of the verdict, the coloured text, the running line, the units."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from models.network.equations import Array
from models.trace.ledger import Ledger
from service.tracing.trace import Trace, TracedWord

SUPPORTS, OPPOSES = "dodger_blue1", "dark_orange"
BARS = "▁▂▃▄▅▆▇█"
NAMED = 4
_FAINT, _STRONG = 0.1, 0.5


def drawing(trace: Trace, width: int) -> RenderableType:
    """Return the whole picture, `width` columns wide."""
    ledger = trace.ledger
    picture: list[RenderableType] = [
        _equation(trace, ledger),
        Text(""),
        _text(trace.words, ledger.words.tolist()),
        _legend(trace),
        Text(""),
        _running(trace, width),
    ]
    if ledger.units is not None:
        picture += [Text(""), _units(trace, ledger.units)]
    return Group(*picture)


def _equation(trace: Trace, ledger: Ledger) -> Text:
    shares, bias = ledger.words.tolist(), trace.prediction.bias + ledger.bias
    top = sorted(range(len(shares)), key=lambda t: -abs(shares[t]))[:NAMED]
    rest = sum(shares) - sum(shares[t] for t in top)
    label = trace.prediction.label
    line = Text.assemble(
        (f"{label.upper()} {trace.prediction.probabilities[label]:.0%}", "bold"), f"   bias {bias:+.2f}"
    )
    for t in sorted(top):
        line.append(f"   {trace.words[t].text} {shares[t]:+.2f}", _colour(shares[t]))
    if len(shares) > NAMED:
        line.append(f"   all others {rest:+.2f}")
    line.append(f"   = {trace.prediction.logit:+.2f}", "bold")
    return line.append(f"   check {abs(ledger.residual):.0e}", "dim")


def _text(words: Sequence[TracedWord], shares: list[float]) -> Text:
    largest = max(map(abs, shares)) or 1.0
    line, end = Text(), words[0].start
    for word, share in zip(words, shares, strict=True):
        line.append(" " if word.start > end else "")
        line.append_text(_word(word, share / largest))
        end = word.end
    return line


def _word(word: TracedWord, share: float) -> Text:
    """Return the word as typed, its sign before it from a tenth of the largest share on, bold from a half on."""
    style = "italic " if word.oov else ""
    if abs(share) < _FAINT:
        return Text(word.text, style.strip())
    weight = "bold " if abs(share) >= _STRONG else ""
    return Text(f"{'+' if share > 0 else '−'}{word.text}", f"{style}{weight}{_colour(share)}")


def _legend(trace: Trace) -> Text:
    target = trace.prediction.target
    against = target.second or "the other labels"
    return Text.assemble(
        ("+blue", SUPPORTS), f" speaks for {target.first}, ", ("−orange", OPPOSES), f" for {against}; italic: not known"
    )


def _running(trace: Trace, width: int) -> Text:
    running = trace.running.p.tolist()
    block = -(-len(running) // max(width - 20, 1))
    points = running[block - 1 :: block] if block > 1 else running
    bars = "".join(BARS[min(int(p * len(BARS)), len(BARS) - 1)] for p in points)
    steps = [after - before for before, after in zip([0.5, *running], running, strict=False)]
    turns = sorted(sorted(range(len(steps)), key=lambda t: -abs(steps[t]))[:NAMED])
    named = ", ".join(f"{trace.words[t].text} {steps[t]:+.0%}" for t in turns)
    return Text.assemble(
        f"p({trace.prediction.target.first}) ", (bars, "bold"), f" {running[-1]:.0%}\n", f"turns: {named}"
    )


def _units(trace: Trace, units: Array) -> Table:
    table = Table("unit", "share", "most by", box=None, pad_edge=False, header_style="dim")
    for unit, of_unit in zip(trace.units.selected[: 2 * NAMED], units.T.tolist(), strict=False):
        top = sorted(range(len(of_unit)), key=lambda t: -abs(of_unit[t]))[:NAMED]
        by = Text("  ").join(Text(f"{trace.words[t].text} {of_unit[t]:+.2f}", _colour(of_unit[t])) for t in top)
        table.add_row(str(unit), f"{sum(of_unit):+.2f}", by)
    return table


def _colour(share: float) -> str:
    return SUPPORTS if share > 0 else OPPOSES
