"""What was freed goes back to the system, which a process of its own shows."""

import subprocess
import sys

FREED_BEHIND_WHAT_STAYS = """
from pathlib import Path
from service.inference.freed_memory import return_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [bytearray(4000) for _ in range(20_000)]
stays = bytearray(4000)
full = resident()
del blocks
kept = resident()
return_freed_memory()
print(full - kept, full - resident())
"""


def test_memory_that_the_c_library_keeps_is_returned() -> None:
    done = subprocess.run([sys.executable, "-c", FREED_BEHIND_WHAT_STAYS], capture_output=True, text=True, check=True)
    without, returned = map(int, done.stdout.split())
    assert without < 40_000_000 < returned
