"""Why files can't be read or written."""

from models.exits import Exit, Failed


class DataError(Failed, ValueError):
    """Data that can't be read, used or written. The message says what and where."""

    exit_code = Exit.DATA


class UsageError(Failed, ValueError):
    """Options or file names that don't go together. The message says which."""

    exit_code = Exit.USAGE
