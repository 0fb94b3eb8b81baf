"""What accuracy costs: the figures of a classifier are its own, and the sentence that is quoted follows from them."""

import numpy as np

from export.data.splits import DataSplit, Splits
from tests.studies.frontier.measured import QUOTED, cost_picture, cost_section, measure
from tests.studies.frontier.rival import Rival


def test_every_classifier_is_measured_on_the_same_reviews() -> None:
    part = DataSplit(tuple(f"film {number}" for number in range(40)), np.arange(40) % 2, ("a", "b") * 20)
    splits = Splits(("rotten", "fresh"), part, part, part, "made")

    def parity(text: str) -> int:
        """Right on the reviews, and says the first label of the sentences by hand."""
        last = text.rsplit(" ", 1)[-1]
        return int(last) % 2 if last.isdigit() else 0

    def slow(text: str) -> int:
        sum(range(20_000))
        return parity(text)

    rivals = [
        Rival("always fresh", "linear", "labels", 1_000_000, lambda text: 1),
        Rival(QUOTED, "lstm", "labels", 2_000_000, parity),
        Rival("large", "transformer", "labels", 20_000_000, slow),
    ]
    found = measure(rivals, splits, rounds=1)
    assert [one.right.mean() for one in found] == [0.5, 1.0, 1.0]
    assert found[0].by_hand == 1 - found[1].by_hand
    section = cost_section(found, splits)
    assert "| always fresh | labels | 50.0 | -50.0 (-100.0 to +0.0) |" in section
    times = found[2].microseconds / found[1].microseconds
    assert times > 1
    assert f"100.0 % right at 1/{times:.0f} of the processor time and 1/10.0 of the size of large" in section
    assert cost_picture(found).to_dict()["data"]["values"][0]["MB"] == 1.0
