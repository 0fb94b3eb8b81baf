"""Reviews in files, and `gatescope score` as a user runs it."""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bundles import WORDS

COMMAND = [sys.executable, "-m", "gatescope", "score"]


@dataclass(frozen=True)
class Scoring:
    """The command over one repository, in one folder."""

    repository: Path
    folder: Path

    def arguments(self, *given: object) -> list[str]:
        return [*COMMAND, "--repository", str(self.repository), *map(str, given)]

    def run(self, *given: object, stdin: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[bytes]:
        """Run to the end and check the exit code."""
        done = subprocess.run(
            self.arguments(*given), check=False, input=stdin, capture_output=True, cwd=self.folder, timeout=60
        )
        assert done.returncode == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done


@pytest.fixture
def scoring(repository: Path, tmp_path: Path) -> Scoring:
    return Scoring(repository, tmp_path)


def reviews(count: int, seed: int = 0) -> list[str]:
    """Seeded texts; some have a quote and a line break, some have no words."""
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(1, 40))) for _ in range(count)]
    texts[1 % count] = 'He said: "amazing,\nreally".'
    texts[2 % count] = "  "
    return texts


def write_csv(path: Path, texts: Sequence[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows(enumerate(texts))
    return path


def write_jsonl(path: Path, texts: Sequence[str]) -> Path:
    path.write_text("".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts)))
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_jsonl(content: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in content.splitlines()]
