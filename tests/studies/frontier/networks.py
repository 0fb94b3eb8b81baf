"""RNN, LSTM, GRU and minGRU of several sizes, trained as `gatescope export` does, answering as the service does."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from safetensors.numpy import load_file, save_file

from export.data.splits import Splits
from export.inputs import start_of
from export.settings import ExportSettings
from export.training.train import train
from models.network.compiled_session import CompiledSession
from models.network.equations import Cell, Weights
from models.network.session import Session, run_whole
from models.text.words import MAX_WORDS, Vocabulary
from tests.studies.frontier.rival import TAUGHT, WIDEST_VECTOR, Rival

SIZES = (32, 64, 128, 256)


def networks(
    splits: Splits, vocabulary: Vocabulary, cells: Sequence[Cell], kept: Path, said: Callable[[str], None]
) -> Iterator[Rival]:
    """Yield every cell in every size; what was trained lies in `kept` and is not trained again."""
    for cell, size in product(cells, SIZES):
        file = kept / f"{cell}-{size}.safetensors"
        if not file.is_file():
            save_file(_trained(cell, size, splits, said).tensors(), file)
        yield _rival(cell, size, file, vocabulary)


def _trained(cell: Cell, size: int, splits: Splits, said: Callable[[str], None]) -> Weights:
    settings = ExportSettings(hidden_size=size, embedding_size=min(size, WIDEST_VECTOR))
    start = start_of(settings, splits, said)
    (training,) = settings.trainings(cell, None, len(start.dataset.lesson_ids))
    model = train(start.dataset, start.vectors, training)
    said(f"{cell} of {size} units: {model.seconds:.0f} s, validation {model.best.validation_accuracy:.3f}")
    return model.weights


def _rival(cell: Cell, size: int, file: Path, vocabulary: Vocabulary) -> Rival:
    weights = Weights.from_tensors(cell, "last", load_file(file))
    words = json.dumps(list(vocabulary.words)).encode()
    answer = partial(_answer, CompiledSession(weights), vocabulary)
    return Rival(f"{cell.upper()} {size}", cell, TAUGHT, file.stat().st_size + len(words), answer)


def _answer(session: Session, vocabulary: Vocabulary, text: str) -> int:
    return int(run_whole(session, [vocabulary.encode(text, MAX_WORDS).ids]).logits[0].argmax())
