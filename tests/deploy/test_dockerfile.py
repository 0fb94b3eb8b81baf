"""Dockerfiles and their context are read as a container engine reads them."""

from pathlib import Path

from tests.deploy.dockerfile import context, read

FILE = """
# a comment
FROM python:3.12 AS build
RUN one \\
 && two
FROM python:3.12
COPY --from=build /opt /opt
ENV PATH=/opt/bin:$PATH \\
    PORT=8000
HEALTHCHECK --interval=10s \\
  CMD ["python", "-c", "print([1])"]
USER 1:1
"""


def test_stages_have_their_instructions(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(FILE)
    build, last = read(tmp_path / "Dockerfile")
    assert (build.name, last.name, last.base) == ("build", "1", "python:3.12")
    assert [word for word, _ in build.instructions] == ["RUN"]
    assert build.last("RUN").split() == ["one", "&&", "two"]
    assert last.environment({"PATH": "/bin"}) == {"PATH": "/opt/bin:/bin", "PORT": "8000"}
    assert last.command("HEALTHCHECK") == ["python", "-c", "print([1])"]
    assert last.last("USER") == "1:1"


def test_the_last_pattern_that_fits_decides(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*\n!models\n!one.py\n**/__pycache__\n")
    for name in ("one.py", "two.py", "models/a.py", "models/deep/b.py", "models/deep/__pycache__/b.pyc", "other/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    let_in = [str(path) for source in ("one.py", "two.py", "models", "other") for path in context(tmp_path, source)]
    assert let_in == ["one.py", "models/a.py", "models/deep/b.py"]
