"""RNN, LSTM, GRU and minGRU of several sizes, trained as `gatescope export` does, answering as the service does."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from safetensors.numpy import load_file, save_file

from export.data.splits import Splits
from export.inputs import start_of
from export.settings import ExportSettings
from export.training.train import train
from models.network.compiled_session import CompiledSession
from models.network.equations import CELLS, Cell, Weights
from models.network.session import Session, run_whole
from models.text.words import MAX_WORDS, Vocabulary
from tests.studies.frontier.rival import TAUGHT, WIDEST_VECTOR, Rival

SIZES = (32, 64, 128, 256)


def networks(splits: Splits, kept: Path, said: Callable[[str], None]) -> Iterator[Rival]:
    """Yield every cell in every size; what was trained lies in `kept` and is not trained again."""
    for size in SIZES:
        width = min(size, WIDEST_VECTOR)
        settings = ExportSettings(hidden_size=size, embedding_size=width)
        start = start_of(settings, splits, said)
        for cell in CELLS:
            file = kept / f"{cell}-{size}.safetensors"
            if not file.is_file():
                (training,) = settings.trainings(cell, None, len(start.dataset.lesson_ids))
                model = train(start.dataset, start.vectors, training)
                save_file(model.weights.tensors(), file)
                said(f"{cell} of {size} units: {model.seconds:.0f} s, validation {model.best.validation_accuracy:.3f}")
            yield _rival(cell, size, file, start.dataset.vocabulary)


def _rival(cell: Cell, size: int, file: Path, vocabulary: Vocabulary) -> Rival:
    weights = Weights.from_tensors(cell, "last", load_file(file))
    words = json.dumps(list(vocabulary.words)).encode()
    answer = partial(_answer, CompiledSession(weights), vocabulary)
    return Rival(f"{cell.upper()} {size}", cell, TAUGHT, file.stat().st_size + len(words), answer)


def _answer(session: Session, vocabulary: Vocabulary, text: str) -> int:
    return int(run_whole(session, [vocabulary.encode(text, MAX_WORDS).ids]).logits[0].argmax())
