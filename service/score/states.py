"""`gatescope score --states npz`: every hidden state of every row, in files that NumPy opens.

`OUT.states/000000000.npz`, one a block of rows: `rows [N]` are places in the output, counted from 0, of the rows that
have a label; `lengths [N]` how many words were read of each; then, the words of all rows one after another (W of
them), `ids [W]` and `hidden_0 [W, H]`, `hidden_1` ... of each layer: the state after each word, float32.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.reviews.columns import Unanswered
from service.score.blocks import Block, BlockSize
from service.score.parts import write_whole
from service.score.scorer import Scored

SIZE = BlockSize(256, 2**19)
"""Of a block whose states are written: a word of 5 bytes becomes 512 of hidden states."""


def prepare(folder: Path, *, keep: bool) -> None:
    """Make the folder; files of an earlier output go, unless they are to be kept."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.npz") if not keep else ():
        path.unlink()


def write_states(folder: Path, block: Block, answers: Sequence[Scored | Unanswered]) -> None:
    """Write the file of a block, whole or not at all."""
    scored = [(row, each) for row, each in enumerate(answers, block.start) if isinstance(each, Scored)]
    arrays = {
        "rows": np.array([row for row, _ in scored], np.int64),
        "lengths": np.array([each.words for _, each in scored], np.int64),
    }
    if scored:
        arrays["ids"] = np.concatenate([each.ids for _, each in scored if each.ids is not None])
        layers = zip(*(each.hidden for _, each in scored), strict=True)
        arrays |= {f"hidden_{layer}": np.concatenate(states) for layer, states in enumerate(layers)}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_whole(folder / f"{block.number:09}.npz", content.getvalue())
