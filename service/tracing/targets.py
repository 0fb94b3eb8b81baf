"""Which of the labels' logits a trace explains."""

from collections.abc import Sequence

from models.network.equations import Array
from models.trace import Target, default_target
from service.api.problems import Problem


def check_target(asked: str | tuple[str, str] | None, labels: Sequence[str]) -> None:
    """Raises 422 that names the model's labels, where `asked` has others or twice the same."""
    for label in () if asked is None else (asked,) if isinstance(asked, str) else asked:
        if label not in labels:
            raise Problem("not-in-model", f"target: no such label; there is {', '.join(labels)}")
    if not isinstance(asked, str) and asked is not None and asked[0] == asked[1]:
        raise Problem("not-in-model", f"target: twice {asked[0]}; two of {', '.join(labels)} are compared")


def chosen_target(asked: str | tuple[str, str] | None, labels: Sequence[str], logits: Array) -> Target:
    """What to explain: the labels asked for, else those that `logits [C]` suggest."""
    if asked is None:
        return default_target(logits)
    if isinstance(asked, str):
        return Target(labels.index(asked), None)
    return Target(labels.index(asked[0]), labels.index(asked[1]))
