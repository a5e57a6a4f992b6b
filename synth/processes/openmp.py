"""Lets the threads of matrix products sleep while they wait, so that they share processor cores with other
work.
"""

import os
from collections.abc import MutableMapping

_SPINS = "1000"
"""How often a waiting thread of libgomp looks before it sleeps: its own number where it knows that it has
more threads than cores.
"""


def share_cores(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set how OpenMP's threads wait, for this process and those that it starts; call it before torch is
    imported.

    By default libgomp, which torch brings, has a thread that waits for another one spin for milliseconds.
    Where a second program is at work on the same cores, the one that is waited for cannot run meanwhile: two
    such programs get a third of the work done (docs/measurements/distilling.md). What the user says in
    ``GOMP_SPINCOUNT`` or ``OMP_WAIT_POLICY`` stays.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", _SPINS)
