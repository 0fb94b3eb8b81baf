"""What a run stands on: machine, versions, date, command."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.environments import CHECKOUT


def facts() -> dict[str, str]:
    """Facts by name, for people."""
    return {
        "Date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "Machine": f"{processor()}, {len(os.sched_getaffinity(0))} cores, {_memory()}",
        "System": f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}",
        "Commit": _commit(),
        "Command": f"`python -m tests.benchmarks {' '.join(_shown(word) for word in sys.argv[1:])}`".replace(" `", "`"),
    }


def load_average() -> float:
    """Processes that wanted a core in the last minute; what else runs on the machine disturbs the figures."""
    return os.getloadavg()[0]


def _shown(word: str) -> str:
    return Path(word).name if "/" in word else word


def processor() -> str:
    """Return the name of the processor."""
    found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return found[0].split(":", 1)[1].strip() if found else platform.processor()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _commit() -> str:
    command = ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
