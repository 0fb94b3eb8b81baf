"""What a training starts from, as the settings ask for it: the reviews, and the dataset made of their splits."""

from collections.abc import Callable

from export.data.reviews import Reviews
from export.data.sources import load
from export.data.splits import Splits
from export.data.tables import Columns
from export.settings import ExportSettings
from export.teaching.lessons import lessons_of
from export.teaching.opinions import Opinions
from export.training.dataset import Dataset, prepare
from models.reviews.records import ReadOptions


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
