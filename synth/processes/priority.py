"""Lets processes give way to other work on the same machine."""

import contextlib
import os
from pathlib import Path

POLITE = 10
"""Beside a program of ordinary priority, about a tenth of a core; alone, all of it."""


def give_way(process: int, nice: int) -> None:
    """Lower the priority of a *process* that leads a session of its own: *nice* as in nice(1), 0 to 19.

    On Linux with autogroups, on as shipped by most distributions, a process's own number counts only against
    others of its session, so that of the session is set too. Where a system has no priorities, or the process
    has ended, nothing happens.
    """
    if nice:
        with contextlib.suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, process, nice)
        with contextlib.suppress(OSError):
            Path(f"/proc/{process}/autogroup").write_text(str(nice))
