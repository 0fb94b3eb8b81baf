"""One text that is read while it is written."""

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
        """Return a prediction for every word that this, the next piece of the text, completes. Raises `TooLarge`."""
        return self.replace(self._text.length, self._text.length, text)

    def replace(self, start: int, end: int, text: str) -> list[StreamedPrediction]:
        """Put `text` in place of what stands from `start` to `end`, in code points; return a prediction for every word
        from the first changed one on. Raises `TooLarge`.
        """
        found: list[StreamedPrediction] = self._wait_for(self._text.replace(start, end, text))
        return found

    def preview(self) -> StreamedPrediction | None:
        """Return the prediction as if the text ended here; None where its last word has one already."""
        found: StreamedPrediction | None = self._wait_for(self._text.preview())
        return found

    def end(self) -> StreamedPrediction:
        """Return the prediction of the whole text. Raises `NoWords`."""
        last: StreamedPrediction = self._wait_for(self._text.end())[-1]
        return last

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._text.__exit__(kind, error, at)
