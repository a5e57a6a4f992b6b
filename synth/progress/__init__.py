"""What a long piece of work is at: stages, counted as they go, which a command shows
(`synth.progress.shown`).

Where nothing shows them, as in a program that imports stylerep, counting costs next to nothing and nothing is
said. Stages may stand within others; the innermost is shown.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

One = TypeVar("One")


class Stage:
    """A piece of work: `label` says what is done, `done` of `total` *unit* are; `total` is None where that is
    not known, or the work can't be counted; `note` is added to what is shown.
    """

    def __init__(self, label: str, total: int | None = None, unit: str = "") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.note = ""
        self.done = 0
        self.began = self.last = time.monotonic()

    def advance(self, n: int = 1) -> None:
        """Say that *n* more are done."""
        self.reach(self.done + n)

    def reach(self, n: int) -> None:
        """Say that *n* are done."""
        self.done, self.last = n, time.monotonic()

    def onwards(self) -> Callable[[int], None]:
        """Return what is to be told how many more are done than by now."""
        before = self.done
        return lambda more: self.reach(before + more)

    def seconds_left(self, now: float) -> float | None:
        """Return how many seconds it will still take, going on as it went until the last was done; None where
        that cannot be told.
        """
        if not self.total or not 0 < self.done <= self.total:
            return None
        rest = (self.last - self.began) / self.done * (self.total - self.done)
        return max(rest - (now - self.last), 0.0)

    def seen(self) -> "Stage":
        """Return what is to be shown: itself."""
        return self

    def turn_to(self, label: str, total: int | None = None, unit: str = "") -> None:
        """Begin other work in its place."""
        self.total = None  # a reader in another thread must not see the new count of the old total
        self.label, self.unit, self.done = label, unit, 0
        self.began = self.last = time.monotonic()
        self.total = total


_STAGES: list[Stage] = []
_SHOWN: set[object] = set()


def is_shown() -> bool:
    """Say whether anyone looks: what takes long to find out for them alone need not be found out."""
    return bool(_SHOWN)


@contextlib.contextmanager
def shown_by(display: object) -> Iterator[None]:
    """Have a display look at the stages within."""
    _SHOWN.add(display)
    try:
        yield
    finally:
        _SHOWN.discard(display)


def current() -> Stage | None:
    """Return the innermost stage at work; None where there is none."""
    try:
        return _STAGES[-1]
    except IndexError:  # another thread has just ended it
        return None


def stage(label: str, total: int | None = None, unit: str = "") -> contextlib.AbstractContextManager[Stage]:
    """Do within what *label* says: ``reading runs``."""
    return at_work(Stage(label, total, unit))


@contextlib.contextmanager
def at_work(one: Stage) -> Iterator[Stage]:
    """Do a stage's work within."""
    _STAGES.append(one)
    try:
        yield one
    finally:
        _STAGES.remove(one)


def each(items: Iterable[One], label: str, total: int | None = None, unit: str = "") -> Iterator[One]:
    """Yield *items*, and count one as done when the next is asked for. *total* is their number where it is
    known; else what its ``len`` is, if it has one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with stage(label, total, unit) as one:
        for item in items:
            yield item
            one.advance()


def turn_to(label: str, total: int | None = None, unit: str = "") -> None:
    """Let the innermost stage go on with other work."""
    if one := current():
        one.turn_to(label, total, unit)
