"""One text that comes in pieces, read along."""

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Protocol, Self

from service.inference.prediction import StreamedPrediction
from service.inference.typed_text import TypedText


class WaitFor(Protocol):
    """Returns what a coroutine returns."""

    def __call__(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Wait for `work`."""


class TextStream:
    """Reads a text as it is written: `with model.stream() as stream: stream.add("Not bad ")`."""

    def __init__(self, text: TypedText, wait_for: WaitFor) -> None:
        self._text, self._wait_for = text, wait_for
        text.__enter__()

    def add(self, text: str) -> list[StreamedPrediction]:
        """Return a prediction for every word that the next piece of the text completes. Raises `TooLarge`."""
        found: list[StreamedPrediction] = self._wait_for(self._read(text, end=False))
        return found

    def end(self) -> StreamedPrediction:
        """Return the prediction of the whole text. Raises `NoWords`."""
        self._wait_for(self._read("", end=True))
        return self._text.final()

    async def _read(self, text: str, *, end: bool) -> list[StreamedPrediction]:
        said = [await self._text.read(word) for word in self._text.words(text, end=end)]
        return [prediction for prediction in said if prediction is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._text.__exit__(kind, error, at)
