"""Gatescope in Python, for whoever has no server: load a model, predict, trace, read along, train, verify.

    import gatescope

    model = gatescope.load("lstm")
    model.predict("Not bad at all, and the ending is amazing")

Importing this loads next to nothing; a stage is loaded by the function that needs it, and only `train` and `verify`
need torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.publish.agreement import Check
    from export.run import Outcome
    from gatescope.loaded import LoadedModel

__all__ = ["load", "train", "verify"]


def load(
    model: str | Path | None = None, *, version: int | str | None = None, repository: str | Path | None = None
) -> "LoadedModel":
    """Return a model that predicts and traces in this process.

    `model` is a name in `repository`, or a path `REPOSITORY/NAME` or `REPOSITORY/NAME/VERSION`. What is left out is
    chosen as the service does: `GATESCOPE_REPOSITORY` or `./repository`, the default model, the newest valid version.
    Raises `LookupError` that says what the repository has, `InvalidBundle` (a `ValueError`) for one that can't be used.
    """
    from gatescope.loaded import load_model  # noqa: PLC0415 - ONNX Runtime is loaded here

    return load_model(model, version, None if repository is None else Path(repository))


def train(data: str | Path = "critics", *, quiet: bool = False, **settings: Any) -> "Outcome":
    """Train on reviews, publish verified bundles, and return their folders and how they compare.

    `data` and `settings` are the options of `gatescope export`: `train("reviews.csv", label_column="stars",
    cells=("lstm",))`. The first Ctrl-C stops and publishes the best epoch so far. Raises `ValidationError` for a
    wrong setting, `DataError`, `TrainingError`, `VerificationFailed` (all of them `ValueError`s).
    """
    from export.commands.show import Screen  # noqa: PLC0415
    from export.run import run  # noqa: PLC0415 - loads torch
    from export.settings import ExportSettings  # noqa: PLC0415
    from export.training.interrupt import two_stage  # noqa: PLC0415

    screen = Screen(quiet=quiet)
    with two_stage(screen.say) as stop:
        return run(ExportSettings(data=str(data), **settings), screen, stop)


def verify(folder: str | Path) -> "list[Check]":
    """Return every check of the bundle in `folder`, as `gatescope verify` makes them. Raises `InvalidBundle`."""
    from export.publish.verify import verify as checks_of  # noqa: PLC0415 - loads torch

    return list(checks_of(Path(folder)))
