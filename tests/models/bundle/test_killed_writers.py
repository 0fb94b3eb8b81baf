"""A process that is killed while it publishes leaves whole versions or none, and the next one removes the rest."""

import subprocess
import sys
from pathlib import Path

from export.training.checkpoint import clear_unfinished as clear_checkpoints
from models.bundle.repository import ASIDE, clear_unfinished, versions
from models.bundle.writing import writing

KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
from models.bundle.files import MANIFEST, read
from models.bundle.repository import publish, versions

source, repository = Path(sys.argv[1]), Path(sys.argv[2])
manifest = read(source).manifest
files = {name: (source / name).read_bytes() for name in manifest.files}

def written(version):
    return manifest.model_copy(update={"version": version}), files

def kill_before(step):
    left = step
    def seen(event, arguments):
        nonlocal left
        if event.split(".")[0] in ("open", "os", "shutil") and str(repository) in str(arguments[:1]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(seen)

for step in range(1, 1000):
    child = os.fork()
    if child == 0:
        kill_before(step)
        publish(repository, "lstm", written, read)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    for version in versions(repository, "lstm"):
        assert read(repository / "lstm" / str(version)).manifest.version == version
    if status == 0:
        break
    assert status == signal.SIGKILL
    assert len(list((repository / "lstm").glob(".writing-*"))) <= 1 if (repository / "lstm").exists() else True
print(step)
"""


def test_killed_before_every_step_of_publishing(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(repository / "lstm" / "1"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10
    assert versions(tmp_path, "lstm")
    assert not list((tmp_path / "lstm").glob(f"{ASIDE}*"))


def test_what_is_being_written_is_kept_and_what_was_left_goes(tmp_path: Path) -> None:
    left, part = tmp_path / "lstm" / f"{ASIDE}abc" / "1", tmp_path / ".checkpoints" / "lstm.77.part"
    left.mkdir(parents=True)
    part.parent.mkdir()
    part.touch()
    with writing(tmp_path / "lstm"), writing(part.parent):
        clear_unfinished(tmp_path)
        clear_checkpoints(part.parent)
        assert left.exists() and part.exists()
    clear_unfinished(tmp_path)
    clear_checkpoints(part.parent)
    assert not left.parent.exists() and not part.exists()
