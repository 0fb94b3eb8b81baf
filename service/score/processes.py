"""Where worker processes come from: one process that has loaded what scoring needs, and is forked for each."""

import multiprocessing
from multiprocessing import forkserver

workers = multiprocessing.get_context("forkserver")


def load_early() -> None:
    """Start that process, so that it loads while this one does; left out, the first worker starts it."""
    workers.set_forkserver_preload(["service.score.job"])
    forkserver.ensure_running()
