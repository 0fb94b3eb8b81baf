"""One job of scoring, as a value that travels to worker processes: how a block becomes a part."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.bundle.files import Bundle, read
from models.reviews.columns import Unanswered
from models.reviews.errors import DataError
from models.reviews.rows import RowParser
from models.reviews.writer import Writer
from service.inference.limits import TextLimits
from service.score.blocks import Block, Counts, ScoredBlock
from service.score.remote import RemoteService, score_remotely
from service.score.scorer import Score, Scored, Scorer
from service.score.states import write_states


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A bundle to be loaded where the job runs: the one with that `sha256`, and no other."""

    folder: Path
    name: str
    version: int
    labels: tuple[str, ...]
    sha256: str
    limits: TextLimits
    top_words: int

    @classmethod
    def of(cls, bundle: Bundle, limits: TextLimits, top_words: int) -> "LocalModel":
        """Return how a bundle of this machine is to be loaded."""
        made = bundle.manifest
        return cls(bundle.folder, made.name, made.version, made.labels, bundle.sha256, limits, top_words)


@dataclass(frozen=True, slots=True)
class Job:
    """How records become rows, which model scores them, how they are written."""

    parser: RowParser
    writer: Writer
    model: LocalModel | RemoteService
    states: Path | None = None
    """Where hidden states are written, a file a block."""
    named: bool = False
    """Whether errors name the file of a row: there are several."""

    def score(self) -> Score:
        """Load the model. Raises `InvalidBundle`."""
        if isinstance(self.model, RemoteService):
            return partial(score_remotely, self.model)
        bundle, limits, top = read(self.model.folder, self.model.sha256), self.model.limits, self.model.top_words
        return Scorer(bundle, limits, top, states=self.states is not None)

    def part(self, score: Score, block: Block) -> ScoredBlock:
        """Score one block. Raises `DataError` where the first has no text column, or rows can't be written."""
        rows, texts = self.parser.parse(block.contents)
        if block.number == 0 and rows.table is None and not any(self.parser.text_column in row for row in rows.values):
            column = self.parser.text_column
            raise DataError(f"no column {column!r} in the first {len(texts)} rows: name one with --text-column")
        scored = iter(score([text for text, _ in texts if text is not None]))
        answers = [next(scored) if text is not None else Unanswered(str(error)) for text, error in texts]
        if self.states is not None:
            write_states(self.states, block, answers)
        labels = Counter(answer.label for answer in answers if isinstance(answer, Scored))
        counts = Counts(len(texts), len(texts) - labels.total(), dict(labels))
        placed = [self._placed(block, index, answer) for index, answer in enumerate(answers)]
        return ScoredBlock(block.number, block.digest, counts, self.writer.rows(rows, placed))

    def _placed(self, block: Block, index: int, answer: Scored | Unanswered) -> Scored | Unanswered:
        """Return the answer; why there is none begins with the place of the row."""
        if isinstance(answer, Scored):
            return answer
        return Unanswered(f"{block.place(index, named=self.named)}: {answer.reason}")
