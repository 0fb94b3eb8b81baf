"""Memory that was freed, back to the operating system."""

import ctypes


def return_freed_memory() -> None:
    """Have the C library return the memory that it keeps for later: glibc keeps most of what a version took."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
