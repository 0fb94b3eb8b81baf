"""`make test-faults`: the service beyond its capacity, with figures. `python -m tests.load [SECONDS]`."""

import asyncio
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bundles import random_weights, write_bundle
from tests.load.overload import overload, request
from tests.serving import serving

LONG = request("/v1/predict", {"text": "an amazing film that was not bad at all " * 228})
BATCH = request("/v1/batch", ["a great film " * 20] * 1000)


def main(seconds: float) -> None:
    """Print what is reached at capacity and far beyond it."""
    print(f"{platform.machine()}, {os.cpu_count()} cores; clients on the same machine; {seconds:g} s each")
    with tempfile.TemporaryDirectory() as folder:
        write_bundle(Path(folder), "lstm", random_weights("lstm", seed=0))
        with serving(Path(folder)) as root:
            port = int(root.rpartition(":")[2])
            for title, sent, counts in (("2,048 words", LONG, (32, 300, 600, 1000)), ("1,000 rows", BATCH, (4, 120))):
                print(title)
                for connections in counts:
                    print(asyncio.run(overload(port, sent, connections, seconds)), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
