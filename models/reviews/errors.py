"""Why files can't be read or written."""


class DataError(ValueError):
    """Data that can't be read, used or written. The message says what and where."""


class UsageError(ValueError):
    """Options or file names that don't go together. The message says which."""
