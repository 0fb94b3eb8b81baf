"""The compiled loops: whatever reviews come together and however they are cut, the answers are the equations'."""

import os
from pathlib import Path

import numpy as np

from models.bundle.files import read
from models.network import recurrence
from models.network.compiled_session import CompiledSession
from models.network.equations import forward
from models.network.session import FRESH

WEIGHTS = read(Path(os.environ["GATESCOPE_FUZZ_BUNDLE"])).weights
SESSIONS = [CompiledSession(WEIGHTS, width, most) for width in recurrence.widths() for most in (0, 1 << 30)]
SEEDS = (b"\x00\x03\x05\x01\x02abcdefgh", b"\x01\x01\x01\x00" + bytes(range(100)), b"\x02\x09" + b"\x07\x02" * 40)
MOST_ROWS = 9


def run(data: bytes) -> None:
    """Bytes: which loops, how many reviews, where each is cut in two; then the words."""
    if len(data) < 4:
        return
    session, rows = SESSIONS[data[0] % len(SESSIONS)], 1 + data[1] % MOST_ROWS
    ids = np.frombuffer(data[2:], np.uint8).astype(np.int64) % len(WEIGHTS.embedding)
    reviews = [piece for piece in np.array_split(ids, rows) if len(piece)]
    cuts = [1 + data[2 + row] % len(review) for row, review in enumerate(reviews)]
    first = session.run(
        [review[:cut] for review, cut in zip(reviews, cuts, strict=True)],
        np.full(len(reviews), FRESH),
        session.empty_state,
        traced=True,
    )
    logits = dict(enumerate(first.logits))
    going = [row for row, (review, cut) in enumerate(zip(reviews, cuts, strict=True)) if cut < len(review)][::-1]
    if going:
        rest = [reviews[row][cuts[row] :] for row in going]
        second = session.run(rest, np.array(going), first.state, traced=False)
        logits |= dict(zip(going, second.logits, strict=True))
    for row, review in enumerate(reviews):
        np.testing.assert_allclose(logits[row], forward(WEIGHTS, review).logits, atol=1e-4)
