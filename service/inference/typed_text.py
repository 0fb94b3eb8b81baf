"""One text on its way through one model, word by word as it is typed."""

from time import monotonic, perf_counter
from types import TracebackType
from typing import Self

from models.text.incremental import IncrementalTokenizer, OpenTooLong
from models.text.words import Word
from service.engine import Model, State
from service.errors import NoWords, ServiceError, TooLarge
from service.inference.predict import Predictor
from service.inference.prediction import StreamedPrediction, prediction_of
from service.metrics.predictions import Phases, PredictionRecord


class TypedText:
    """Keeps the network's state after the last word, and what the model said then.

    Used in `with`: it holds the model meanwhile, and a text that ends without a prediction is counted.
    """

    def __init__(self, predictor: Predictor, model: Model, seconds_a_word: float) -> None:
        """`seconds_a_word` is how long a word may wait for its answer."""
        self._predictor, self._model, self._seconds_a_word = predictor, model, seconds_a_word
        self._text = IncrementalTokenizer(model.bundle.vocabulary.pattern)
        self._state: State | None = None
        self._bytes, self._words, self._unknown = 0, 0, 0
        self._queue = self._compute = self._request = 0.0
        self._last: StreamedPrediction | None = None

    def __enter__(self) -> Self:
        self._model.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._model.__exit__()
        if isinstance(error, ServiceError):
            self._predictor.refused(self._model, error)

    def words(self, text: str, *, end: bool) -> list[Word]:
        """Return the words that the next piece of `text` makes certain. Raises `TooLarge`."""
        self._bytes += len(text.encode())
        self._predictor.limits.check(self._bytes)
        try:
            found = self._text.add(text)
        except OpenTooLong as error:
            raise TooLarge(str(error)) from error
        return found + self._text.end() if end else found

    async def read(self, word: Word) -> StreamedPrediction | None:
        """Return the prediction after one more word; None where the text was cut before it.

        Raises `Overloaded`, `DeadlinePassed`, `Draining`.
        """
        if self._last is not None and self._last.truncated:
            return None
        if self._words == self._predictor.limits.max_words:
            assert self._last is not None
            self._last = self._last.model_copy(update={"truncated": True})
            return self._last
        started = perf_counter()
        encoded = self._model.bundle.vocabulary.encode(word.text, 1)
        answer = await self._predictor.engine.submit(
            self._model, encoded.ids, deadline=monotonic() + self._seconds_a_word, state=self._state, keep=True
        )
        self._state, self._words = answer.state, self._words + 1
        self._unknown += encoded.unknown
        self._queue, self._compute = self._queue + answer.queue_seconds, self._compute + answer.compute_seconds
        probabilities = answer.probabilities.tolist()
        said = prediction_of(self._model.bundle.manifest, probabilities, self._words, self._unknown, False)
        place = {"word": word.text, "start": word.start, "end": word.end, "final": False}
        self._last = StreamedPrediction.model_construct(**{**dict(said), **place})
        self._request += perf_counter() - started
        return self._last

    def final(self) -> StreamedPrediction:
        """Return the last prediction again, as the final one, and note it. Raises `NoWords`."""
        if self._last is None:
            raise NoWords
        tokenization = self._request - self._queue - self._compute
        phases = Phases(self._request, tokenization, self._queue, self._compute)
        probabilities = [*self._last.probabilities.values()]
        record = PredictionRecord.of(phases, self._words, self._unknown, self._last.truncated, probabilities)
        self._predictor.answered(self._model, record)
        return self._last.model_copy(update={"final": True})
