"""How many cores this process may use, and how they are split into worker processes and threads."""

import os
from pathlib import Path

from service.settings import Settings

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cores() -> int:
    """Return the cores of this process: its affinity, and the quota of its container (at least 1)."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text().split()
        return max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no quota
        return allowed


def split_cores(settings: Settings, available: int) -> Settings:
    """Return `settings` with `workers` and `threads` chosen where they are 0.

    One worker a core, which computes between its requests: a process has one interpreter lock, and on short reviews
    HTTP and words cost more than the network (docs/design/engine.md has the figures). A GPU is one worker's.
    """
    cuda = settings.provider == "cuda"
    workers = settings.workers or (1 if cuda else available)
    threads = settings.threads or (1 if cuda else max(1, available // workers))
    return settings.model_copy(update={"workers": workers, "threads": threads})
