"""Four times a second: how late the event loop is, and what this process has measured since."""

import asyncio
import os
import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter, process_time

from models.bundle.manifest import Manifest
from service.metrics.gauges import GaugeValues
from service.metrics.recorder import ProcessReport, Recorder

PERIOD = 0.25


class MetricsSampler:
    """Reports the measurements of one process.

    `served` and `gauges` are asked for what is served now and for the values of the gauges now.
    """

    def __init__(
        self,
        recorder: Recorder,
        served: Callable[[], Sequence[Manifest]],
        gauges: Callable[[], GaugeValues],
        report: Callable[[ProcessReport], None],
    ) -> None:
        self._recorder, self._served, self._gauges, self._report = recorder, served, gauges, report
        self._memory = ResidentMemory()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            due = perf_counter() + PERIOD
            await asyncio.sleep(PERIOD)
            self._recorder.lagged(max(0.0, perf_counter() - due))
            self.flush()

    def flush(self) -> None:
        """Report what was noted by now; a scrape does this too, so that it misses nothing of its own process."""
        process: GaugeValues = {
            "http_server_active_requests": {(method,): count for method, count in self._recorder.active.items()},
            "gatescope_worker_cpu_seconds": {(): process_time()},
            "gatescope_worker_memory_bytes": {(): self._memory.read()},
        }
        self._report(self._recorder.report(self._served(), {**self._gauges(), **process}))


class ResidentMemory:
    """The resident memory of this process. Linux tells it; elsewhere it is the most that there has been."""

    def __init__(self) -> None:
        self._file = -1
        with suppress(OSError):  # opened once: a process that has no descriptor left still tells
            self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def read(self) -> int:
        """Return bytes."""
        if self._file >= 0:
            return int(os.pread(self._file, 256, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
