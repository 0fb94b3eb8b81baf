"""The exit codes of the command line."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    USAGE = 2
    DATA = 3
    VERIFICATION = 4
    ACCURACY = 5
    INTERRUPTED = 130
