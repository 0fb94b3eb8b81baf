"""What ends a run of `gatescope score` early."""


class DataError(ValueError):
    """Data that can't be read, scored or written; the message says what and where."""


class UsageError(ValueError):
    """Options that don't go together; the message says which."""
