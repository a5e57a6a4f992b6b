"""A cell at work, whatever runs it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Protocol

_PATIENCE = 20.0
"""Seconds that a process group has to end by itself."""


class Job(Protocol):
    """A cell at work."""

    def poll(self) -> int | None:
        """Return the exit code; None while it works; below 0 if it was killed."""

    def stop(self) -> None:
        """End it."""


def code_of(code: int | None) -> int | None:
    """Return a worker's exit code, one above 128 as below 0: its command was killed."""
    return code if code is None or code <= 128 else 128 - code


def stop_group(leader: int, ended: Callable[[], bool]) -> None:
    """End a process group, by force where it does not end by itself; wait until its leader has *ended*."""
    try:
        os.killpg(leader, signal.SIGTERM)
    except ProcessLookupError:
        return
    latest = time.monotonic() + _PATIENCE
    while not ended():
        if time.monotonic() > latest:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
            latest = float("inf")
        time.sleep(0.02)
