"""Fuzz one target: `python -m tests.fuzz.one TARGET CORPUS SECONDS`, in an environment that has Atheris."""

import sys
from importlib import import_module
from pathlib import Path

import atheris

LIMITS = ("-timeout=20", "-rss_limit_mb=4096", "-max_len=4096", "-print_final_stats=1")


def main(name: str, corpus: str, seconds: str) -> None:
    """Fuzz until the time is over, or a fault is found: then the exit code is not 0."""
    with atheris.instrument_imports(include=["service", "models", "tests.fuzz.targets"]):
        target = import_module(f"tests.fuzz.targets.{name}")
    Path(corpus).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.SEEDS):
        Path(corpus, f"seed-{number:02}").write_bytes(seed)
    faults = f"-artifact_prefix={corpus}-"
    atheris.Setup([name, corpus, *LIMITS, faults, f"-max_total_time={seconds}"], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
