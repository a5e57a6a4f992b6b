"""The exceptions that stand for a user's mistake."""


class StylerepError(Exception):
    """Says in one sentence what is wrong, where (file, line, item) and what to do.

    The command line prints the sentence and exits with code 2; library callers catch it like any
    other exception. It is never raised for a fault of stylerep's own.
    """


class MissingDataError(StylerepError):
    """What is asked for is not on this machine: a file, a library, a data set that cannot be loaded."""
