"""Shows an evaluation's progress by the bars of the libraries that do it.

Written against tqdm 4.67. What it relies on: ``_instances`` of its class, and ``n``, ``total``, ``desc``,
``unit``, ``start_t`` and ``last_print_t`` of a bar; without them, less is shown.
"""

import sys
import time
from typing import Any

from synth.progress import Stage

_ASKING = ("requests", "responses")
"""Words in what bars say while the model is asked; what comes after them is scoring."""


class EvaluationStage(Stage):
    """A stage that shows how far the newest open bar of tqdm is, if there is one."""

    _asked = False

    def seen(self) -> Stage:
        """Return the stage that the bar tells of, or itself."""
        if (bar := _newest_bar()) is None:
            if self._asked:
                self._asked = False
                self.turn_to("scoring the responses")
            return self
        says = str(getattr(bar, "desc", "") or "working").strip().rstrip(":")
        self._asked = self._asked or any(word in says.lower() for word in _ASKING)
        unit = str(getattr(bar, "unit", "it"))
        one = Stage(says, getattr(bar, "total", None), "" if unit == "it" else unit)
        one.done = int(bar.n)
        since_began = time.time() - float(getattr(bar, "start_t", time.time()))
        since_last = time.time() - float(getattr(bar, "last_print_t", time.time()))
        now = time.monotonic()
        one.began, one.last = now - since_began, now - min(since_last, since_began)
        return one


def _newest_bar() -> Any:
    """Return the bar that was opened last of those that are open; None without one."""
    tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    try:
        bars = [
            one
            for one in getattr(tqdm, "_instances", ())
            # one that another thread is just making stands there before it counts anything
            if not getattr(one, "disable", False) and hasattr(one, "n")
        ]
    except RuntimeError:  # one was opened or closed meanwhile
        return None
    return max(bars, key=lambda one: float(getattr(one, "start_t", 0.0)), default=None)
