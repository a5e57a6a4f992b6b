"""Progress of a pull: a bar with the time left on a terminal; elsewhere a plain line at every fifth of the
way.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from synth.terminal import make_console

_LINES = 5


class PullProgress:
    """Shows how far a pull is; used as a context."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._console = say, make_console(stderr=True)
        self._bar: Any = None
        self._task: Any = None
        self._label, self._total = "", 1
        self._began, self._first, self._told = 0.0, 0, 0

    def __enter__(self) -> "PullProgress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def begin(self, label: str, total: int) -> None:
        """Begin a stretch of *total* bytes."""
        self._stop()
        self._label, self._total = label, max(1, total)
        self._began, self._first, self._told = 0.0, -1, 0
        if self._console.is_terminal:
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
            self._bar = Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=self._console)
            self._task = self._bar.add_task(label, total=self._total)
            self._bar.start()

    def reach(self, done: int) -> None:
        """Say that so many bytes are done."""
        if self._bar:
            self._bar.update(self._task, completed=done)
            return
        if self._first < 0:
            self._first, self._began = done, time.monotonic()
        fifth = _LINES * done // self._total
        if fifth > self._told and done > self._first:
            self._told = fifth
            passed = time.monotonic() - self._began
            left = passed / (done - self._first) * (self._total - done)
            self._say(
                f"{self._label}: {done / 1e6:.0f} of {self._total / 1e6:.0f} MB, {passed:.0f} s passed, "
                f"{left:.0f} s left"
            )

    def _stop(self) -> None:
        if self._bar:
            self._bar.stop()
            self._bar = None
