"""What a training starts from, as the settings ask for it: reviews, the dataset made of their splits, word vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from export.data.reviews import Reviews
from export.data.sources import load
from export.data.splits import Splits
from export.data.tables import Columns
from export.data.wheels import cache_directory
from export.settings import ExportSettings
from export.teaching.encoder import encoder_folder
from export.teaching.lessons import lessons_of
from export.teaching.ngram_teacher import ask_ngrams, can_teach
from export.teaching.opinions import BUILT_IN, Opinions
from export.training.dataset import Dataset, prepare
from export.training.vectors import word_vectors
from models.reviews.errors import DataError
from models.reviews.records import ReadOptions


@dataclass(frozen=True, slots=True)
class Start:
    """What every training starts from: the reviews and lessons, and the word vectors `[V, E]`."""

    dataset: Dataset
    vectors: NDArray[np.float32]


def reviews_of(settings: ExportSettings, progress: Callable[[int, int], None] = lambda done, total: None) -> Reviews:
    """Read the reviews; `progress(done, total)` is of a download, in bytes. Raises `DataError`."""
    columns = Columns(
        settings.text_column,
        settings.label_column,
        settings.group_column,
        settings.split_column,
        ReadOptions.of(settings.delimiter, settings.encoding),
        settings.strict,
    )
    return load(
        settings.data,
        data_dir=settings.data_dir,
        columns=columns,
        validation=settings.validation,
        test=settings.test,
        labels=settings.labels,
        licence=settings.licence,
        progress=progress,
    )


def dataset_of(settings: ExportSettings, splits: Splits, opinions: Opinions | None = None) -> Dataset:
    """Return what is learnt from `splits`, with a teacher's `opinions` where it has any. Raises `DataError`."""
    return prepare(
        splits,
        lessons_of(splits.train, splits.labels, opinions),
        vocabulary_size=settings.vocabulary_size,
        min_count=settings.min_count,
        class_weight=settings.class_weight,
    )


def start_of(settings: ExportSettings, splits: Splits, said: Callable[[str], None]) -> Start:
    """Return what the trainings on `splits` start from; a teacher says how far it is. Raises `DataError`.

    Word vectors are learnt from the reviews alone: in known sentences praise and blame stand in the same places.
    """
    dataset = dataset_of(settings, splits, _opinions(settings, splits, said))
    vectors = word_vectors(
        dataset.train.ids, len(dataset.vocabulary), width=settings.embedding_size, seed=settings.seed
    )
    return Start(dataset, vectors)


def _opinions(settings: ExportSettings, splits: Splits, said: Callable[[str], None]) -> Opinions | None:
    """Return what a teacher thinks: the one asked for, or the built-in one where it learnt from this very split.

    Else n-grams teach where the reviews are long.
    """
    if settings.teacher is None:
        known = Opinions.read(BUILT_IN)
        if known.training == splits.train.fingerprint:
            return known
        return ask_ngrams(splits.train, settings.seed, said) if can_teach(splits.train) else None
    if find_spec("transformers") is None:
        raise DataError(f"--teacher {settings.teacher} needs transformers: pip install 'gatescope[teacher]'")
    from export.teaching.teacher import ask_teacher  # noqa: PLC0415 - an extra that only this asks for

    return ask_teacher(splits, encoder_folder(settings.teacher, cache_directory()), settings.seed, said)
