"""A lock on an open file, which goes with the process that holds it."""

from typing import IO


def lock(file: IO[bytes] | IO[str]) -> bool:
    """Lock a file for this process alone; False if another holds it. Where the system has no such locks (Windows), it is always free."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
