"""A model as MLflow loads it: the `python_function` of a folder that `gatescope convert --to mlflow` wrote."""

from collections.abc import Iterable, Mapping
from typing import Any

from gatescope import load


class ReviewFunction:
    """Has the `predict` that MLflow calls."""

    def __init__(self, folder: str) -> None:
        self._model = load(folder)

    def predict(self, model_input: Mapping[str, Iterable[str]], params: Any = None) -> list[dict[str, Any]]:
        """Return `label` and `probabilities` for each text of the column `text`; there are no `params`."""
        del params
        said = self._model.predict(list(model_input["text"]))
        return [{"label": each.label, "probabilities": each.probabilities} for each in said]


def _load_pyfunc(path: str) -> ReviewFunction:
    """Return the model of a bundle, which MLflow asks for under this name."""
    return ReviewFunction(path)
