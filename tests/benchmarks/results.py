"""A whole run as one value, and as a JSON file from which the page can be drawn again."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks.measure import Figures
from tests.benchmarks.stages import Lonely

Engine = dict[str, dict[str, dict[str, float]]]
Files = dict[str, dict[str, float]]


@dataclass(slots=True)
class Results:
    """What one run has measured so far; parts that were left out are empty."""

    facts: dict[str, str]
    versions: dict[str, str]
    reviews: dict[str, str]
    tried: list[Figures] = field(default_factory=list)
    closed: list[Figures] = field(default_factory=list)
    open: list[Figures] = field(default_factory=list)
    crowd: list[Figures] = field(default_factory=list)
    lonely: list[Lonely] = field(default_factory=list)
    engine: Engine = field(default_factory=dict)
    files: Files = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Keep the run."""
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, path: Path) -> "Results":
        """A run that was kept."""
        content = json.loads(path.read_text())
        rows = {name: [Figures(**row) for row in content[name]] for name in ("tried", "closed", "open", "crowd")}
        return cls(**{**content, **rows, "lonely": [Lonely(**row) for row in content["lonely"]]})
