"""Shows how far a study is: one live table in a terminal, lines elsewhere."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness_ext.pipelines.study.cell_schedule import NOTHING, State, last_line
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.estimate import TimeEstimate
from harness_ext.pipelines.study.worker import log_file

_HEARTBEATS = (3.0, 10.0, 30.0)
"""Seconds of a study until it first says what is at work, then until it does so again, then every time."""
_WIDTH = 90
_STARTS = ("starting", "starting: loading lm_eval")
_OVERDUE = 0.1
"""What a cell that takes longer than expected still needs, as a share of what it has taken."""


def seconds_left(state: State, estimate: TimeEstimate, jobs: int) -> float:
    """Estimate the seconds until all that can run has run, *jobs* at a time."""
    now = time.monotonic()
    rest = [estimate.seconds(cell.name) for cell in state.waiting()]
    for name, one in state.working.items():
        gone = now - one.began
        rest.append(max(estimate.seconds(name) - gone, _OVERDUE * gone))
    return max(sum(rest) / jobs, max(rest, default=0.0))


def clock(seconds: float) -> str:
    """Return a time such as ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Progress:
    """Tells of a study's state: called with it, and with what happened."""

    def __init__(
        self,
        folder: Path,
        estimate: TimeEstimate,
        jobs: int,
        say: Callable[[str], None],
        console: Console | None = None,
    ) -> None:
        self._folder, self._estimate, self._jobs, self._say = folder, estimate, jobs, say
        self._known: set[str] = set()
        self._live = (
            Live(console=console, refresh_per_second=2, transient=True)
            if console is not None and console.is_terminal
            else None
        )
        self._spoken, self._beats = time.monotonic(), 0

    def __enter__(self) -> "Progress":
        """Begin to show."""
        if self._live:
            self._live.start()
            self._live.update(Text("Estimating how long it takes …"), refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """End the live table."""
        if self._live:
            self._live.stop()

    def __call__(self, state: State, event: str) -> None:
        """Say what happened; from time to time, what is at work."""
        since = clock(time.monotonic() - state.began)
        for name in state.done.keys() - self._known:
            self._estimate.see(name, state.done[name])
            self._known.add(name)
        if event:
            left = seconds_left(state, self._estimate, self._jobs)
            told = f"{since}  {event}" + (
                f" ({len(state.finished)} of {len(state.cells)}, about {clock(left)} left)"
                if ": done in" in event
                else ""
            )
            if self._live:
                self._live.console.print(told, highlight=False, markup=False)
            else:
                self._say(told)
        if self._live:
            self._live.update(self._table(state))
        elif state.working and time.monotonic() - self._spoken >= self._silence():
            self._spoken, self._beats = time.monotonic(), self._beats + 1
            time_left = clock(seconds_left(state, self._estimate, self._jobs))
            at_work = " | ".join(
                f"{name}: {self._last(one.cell)[:_WIDTH]}" for name, one in state.working.items()
            )
            done = f"{len(state.finished)} of {len(state.cells)}"
            self._say(f"{since}  {at_work} ({done}, about {time_left} left)")

    def _silence(self) -> float:
        return _HEARTBEATS[min(self._beats, len(_HEARTBEATS) - 1)]

    def _last(self, cell: Cell) -> str:
        said = last_line(log_file(self._folder, cell)).removeprefix("stylerep: ")
        return _STARTS[cell.kind == "evaluate"] if said == NOTHING else said

    def _table(self, state: State) -> Group:
        table = Table("cell", "for", "what it says", box=None, pad_edge=False)
        for name, one in state.working.items():
            table.add_row(
                Text(name), clock(time.monotonic() - one.began), Text(self._last(one.cell)[:_WIDTH])
            )
        parts = [f"{len(state.finished)} of {len(state.cells)} done", f"{len(state.working)} at work"]
        parts += [f"{len(state.failed)} failed"] if state.failed else []
        parts += [f"{len(state.left_out)} left out"] if state.left_out else []
        parts += [f"{len(state.blocked)} wait for a failed one"] if state.blocked else []
        left = clock(seconds_left(state, self._estimate, self._jobs))
        return Group(
            table,
            Text(", ".join(parts) + f"; {clock(time.monotonic() - state.began)} gone, about {left} left"),
        )
