"""One job of scoring, as a value that travels to worker processes: how a block becomes a part."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from models.bundle.files import read
from service.score.blocks import Block, Part, Tally
from service.score.errors import DataError
from service.score.parse import Parser
from service.score.remote import RemoteScorer, Service
from service.score.rendering import Renderer
from service.score.scorer import Score, Scored, Scorer, Unscorable
from service.score.states import write_states


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A bundle to be loaded where the job runs."""

    folder: Path
    max_words: int
    top_words: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """How records become rows, which model scores them, how they are written."""

    parser: Parser
    renderer: Renderer
    model: LocalModel | Service
    states: Path | None = None
    """Where hidden states are written, a file a block."""

    def score(self) -> Score:
        """Load the model. Raises `InvalidBundle`."""
        if isinstance(self.model, Service):
            return RemoteScorer(self.model)
        return Scorer(
            read(self.model.folder), self.model.max_words, self.model.top_words, states=self.states is not None
        )

    def part(self, score: Score, block: Block) -> Part:
        """Score one block."""
        rows = [self.parser.row(record) for record in block.records]
        if block.number == 0 and not any(self.parser.text_column in row.values for row in rows):
            raise DataError(
                f"no column {self.parser.text_column!r} in the first {len(rows)} rows: name one with --text-column"
            )
        scored = iter(score([row.text for row in rows if row.text is not None]))
        answers = [next(scored) if row.text is not None else Unscorable(row.error or "no text") for row in rows]
        if self.states is not None:
            write_states(self.states, block, answers)
        labels = Counter(answer.label for answer in answers if isinstance(answer, Scored))
        tally = Tally(len(rows), len(rows) - labels.total(), dict(labels))
        return Part(block.number, block.digest, tally, self.renderer.part(rows, answers))
