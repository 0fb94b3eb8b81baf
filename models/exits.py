"""How a command ends: its exit codes, and the failures that end it with one of them."""

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DATA = 3
    VERIFICATION = 4
    ACCURACY = 5
    INTERRUPTED = 130


class Failed(Exception):
    """Something that a person can mend: it ends a command with its message and `exit_code`, never with a traceback."""

    exit_code: ClassVar[Exit]


class Interrupted(Failed):
    """Ctrl-C; the message says what is left of the work."""

    exit_code = Exit.INTERRUPTED
