"""Shows on stderr what a command is at (`synth.progress`): what it does, how far it is and the time left.

On a terminal a bar; elsewhere a line after three seconds, and then whenever nothing has been written to
stderr for a while, so that nobody waits longer than 15 seconds for a word. A command that ends within two
seconds shows nothing. stdout is never written to.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

from synth.printable import printable
from synth.progress import Stage, at_work, current, is_shown, shown_by
from synth.terminal import make_console

VARIABLE = "STYLEREP_PROGRESS"
"""The environment variable that switches all this off, by ``off``."""
_LINES_AFTER, _BAR_AFTER = 3.0, 2.0
_QUIET = (6.0, 10.0, 15.0)
"""Seconds without a word until the second line, the third, and every later one."""
_LOOK = 0.25


@contextlib.contextmanager
def showing(work: str | Stage, bar: bool = True) -> Iterator[Stage]:
    """Show what is done within, from *work* on, a stage or its label. Without *bar*, or where
    stderr is no terminal, in lines: for work of which libraries show bars of their own, and that which prints
    on stdout meanwhile.

    Of several processes that train or evaluate together, one shows. Where something is shown already, this is
    a stage of it.
    """
    with at_work(Stage(work) if isinstance(work, str) else work) as first:
        if is_shown() or _is_silent():
            yield first
            return
        with Display(bar) as display, shown_by(display):
            yield first


def _is_silent() -> bool:
    off = os.environ.get(VARIABLE, "").strip().lower() in ("off", "0", "no", "false")
    return off or os.environ.get("RANK", "0") != "0" or sys.stderr is None


class Display:
    """A thread that looks at the innermost stage a few times a second and shows it."""

    def __init__(self, bar: bool = True) -> None:
        self._bar_wanted = bar
        self._bar: Any = None
        self._task: Any = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="progress")
        self._began = time.monotonic()
        self._lines = 0

    def __enter__(self) -> "Display":
        self._before = sys.stderr
        self._stderr = sys.stderr = _Heard(sys.stderr)
        self._bar_wanted = self._bar_wanted and self._stderr.isatty()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._bar is not None:
            self._bar.stop()
        if sys.stderr is self._stderr:
            sys.stderr = self._before

    def _run(self) -> None:
        # What is shown is never worth an error: of a closed pipe, the command itself will hear.
        with contextlib.suppress(OSError, ValueError):
            while not self._ended.wait(_LOOK):
                self._look(time.monotonic())

    def _look(self, now: float) -> None:
        stage_now = current()
        if stage_now is None:
            return
        one = stage_now.seen()
        if self._bar is not None or (now - self._began >= _BAR_AFTER and self._can_have_bar()):
            self._update(one)
        elif not self._bar_wanted and self._is_due(now):
            self._lines += 1
            self._stderr.line(f"stylerep: {described(one, now)}")

    def _can_have_bar(self) -> bool:
        """Begin the bar, if there is to be one."""
        if not self._bar_wanted:
            return False
        console = make_console(stderr=True, file=self._stderr)
        if console.is_dumb_terminal:
            self._bar_wanted = False
            return False
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        text = TextColumn("{task.description}", markup=False)
        columns = (text, BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        # What a command prints on stdout is not to be taken for stderr, as rich's redirection would.
        self._bar = Progress(*columns, console=console, transient=True, redirect_stdout=False)
        self._bar.start()
        return True

    def _update(self, one: Stage) -> None:
        if self._task is None or self._task[0] is not one or self._task[1] != one.began:
            if self._task is not None:
                self._bar.remove_task(self._task[2])
            self._task = (one, one.began, self._bar.add_task(counted(one), total=one.total))
        self._bar.update(self._task[2], description=counted(one), completed=one.done, total=one.total)

    def _is_due(self, now: float) -> bool:
        if not self._lines:
            return now - self._began >= _LINES_AFTER and now - self._stderr.written >= _LINES_AFTER
        return now - self._stderr.written >= _QUIET[min(self._lines, len(_QUIET)) - 1]


class _Heard:
    """A stream that knows when it was last written to, and whether that ended a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._open_line = False
        self.written = time.monotonic() - _LINES_AFTER

    def write(self, text: str) -> int:
        """Write a text."""
        self.written = time.monotonic()
        if text:
            self._open_line = not text.endswith("\n")
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def line(self, text: str) -> None:
        """Write a line of its own, below a bar that someone else has left open."""
        self.write(f"{chr(10) if self._open_line else ''}{printable(text)}\n")
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def counted(one: Stage) -> str:
    """Return what a stage does, and how far it is: ``reading runs: 3 of 40``."""
    unit = f" {one.unit}" if one.unit else ""
    note = f", {one.note}" if one.note else ""
    if one.total is not None:
        return f"{one.label}: {one.done:,} of {one.total:,}{unit}{note}"
    return f"{one.label}: {one.done:,}{unit}{note}" if one.unit else f"{one.label}{note}"


def described(one: Stage, now: float) -> str:
    """Return all that is said of a stage in a line: with the time passed, and left where that is known."""
    passed = max(now - one.began, 0.0)
    left = one.seconds_left(now)
    return f"{counted(one)}, {in_words(passed)} passed" + (f", {in_words(left)} left" if left else "")


def in_words(seconds: float) -> str:
    """Return a time such as ``42 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
