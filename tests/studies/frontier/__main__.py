"""`python -m tests.studies.frontier`: accuracy against microseconds and megabytes, as a section of docs/accuracy.md.

Needs the extra `[teacher]`, and for fastText `pip install fasttext-numpy2-wheel`. Everything runs on one thread.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from export.data.critics import critics
from export.data.splits import Splits, split
from export.data.wheels import cache_directory
from export.inputs import dataset_of
from export.publish.charts import svg
from export.settings import ExportSettings
from models.network.equations import CELLS, Cell
from tests.studies.frontier.encoder_rivals import encoder_rivals
from tests.studies.frontier.linear_rivals import fasttext, linear_rivals, static_vectors
from tests.studies.frontier.measured import cost_picture, cost_section, measure
from tests.studies.frontier.networks import networks
from tests.studies.frontier.rival import Rival
from tests.studies.sections import write_section

HEADING = "## What accuracy costs"


def main() -> None:
    """Train what is not kept yet, measure everything in turns, and write the section and its picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.studies.frontier", description=__doc__)
    parser.add_argument("--kept", type=Path, default=Path("frontier"), help="folder: what was trained is kept there")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument("--fine-tune", action="store_true", help="tune a MiniLM where none is kept: half an hour")
    parser.add_argument("--out", type=Path, default=Path("docs/accuracy.md"))
    given = parser.parse_args()
    given.kept.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    splits = split(critics(cache_directory()), 0)
    measured = measure(list(_rivals(splits, given.cells, given.kept, fine_tune=given.fine_tune)), splits)
    write_section(given.out, HEADING, cost_section(measured, splits))
    given.out.with_name("frontier.svg").write_text(svg(cost_picture(measured)), "utf-8")


def _rivals(splits: Splits, cells: Sequence[Cell], kept: Path, *, fine_tune: bool) -> Iterator[Rival]:
    dataset = dataset_of(ExportSettings(), splits)
    yield from linear_rivals(dataset)
    yield from fasttext(splits)
    yield from static_vectors(splits, cache_directory())
    yield from networks(splits, dataset.vocabulary, cells, kept, print)
    yield from encoder_rivals(splits, kept, print, fine_tune=fine_tune)


if __name__ == "__main__":
    main()
