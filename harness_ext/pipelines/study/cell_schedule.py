"""Runs the cells of a study as they become ready, tries again what was killed,
and keeps failures to what depends on them.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.engines import Elsewhere, Engine
from harness_ext.pipelines.study.jobs import Job
from harness_ext.pipelines.study.worker import in_hand, is_done, log_file
from synth.files.lock import hold

NOTHING = "(it wrote nothing)"
_POLL = 0.2
_TRIES = 3
"""How often a cell is started whose worker is killed; one that fails by itself is not started again."""


@dataclass(slots=True)
class Working:
    """A cell at work, since when (monotonic seconds), and for the how manyth time."""

    cell: Cell
    job: Job
    began: float
    tries: int = 1


@dataclass(slots=True)
class State:
    """How far a study is. `before` were done by an earlier command, `failed` has the reason of each,
    `blocked` waits for a failed one. `left_out` needn't run, with the reason; of `unneeded` all results are
    there.
    """

    cells: Sequence[Cell]
    before: set[str] = field(default_factory=set)
    done: dict[str, float] = field(default_factory=dict)
    working: dict[str, Working] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unneeded: Collection[str] = ()
    began: float = field(default_factory=time.monotonic)

    @property
    def blocked(self) -> list[str]:
        """The cells that cannot run since one that they need failed."""
        lost = set(self.failed)
        for cell in self.cells:
            if lost & set(cell.after):
                lost.add(cell.name)
        return [cell.name for cell in self.cells if cell.name in lost and cell.name not in self.failed]

    @property
    def finished(self) -> set[str]:
        """The cells whose results are there."""
        return self.before | set(self.done)

    @property
    def settled(self) -> set[str]:
        """The cells that nothing waits for: finished, and unneeded."""
        return self.finished | set(self.unneeded)

    def waiting(self) -> list[Cell]:
        """Return the cells that are neither finished, at work, failed, blocked, left out nor unneeded, in
        order.
        """
        gone = self.settled | set(self.working) | set(self.failed) | set(self.blocked) | set(self.left_out)
        return [cell for cell in self.cells if cell.name not in gone]


class Order(Protocol):
    """Says which cell runs next, and which needn't (`harness_ext.pipelines.study.next_cell`)."""

    def left_out(self, finished: Collection[str]) -> dict[str, str]:
        """Return the cells that needn't run, each with the reason."""

    def choose(
        self,
        ready: Sequence[Cell],
        finished: Collection[str],
        working: Collection[str],
        lost: Collection[str],
    ) -> Cell:
        """Return the one of the *ready* cells that is to start; those of *lost* failed, or can't run."""


def run_cells(
    cells: Sequence[Cell],
    folder: Path,
    engine: Engine,
    jobs: int,
    tell: Callable[[State, str], None],
    order: Order | None = None,
    unneeded: Collection[str] = (),
    ended: Callable[[Cell], None] = lambda _: None,
) -> State:
    """Run every cell that is not done, at most *jobs* at a time, each after those it waits for;
    return how it ended.

    Cells that are ready start as *order* has it, or in the order given; those that are *unneeded* don't.
    *tell* is called with the state and what happened (empty where only time has passed), *ended* with each
    cell that is done. An interruption stops what this command started and goes on to the caller. Raises
    StylerepError where another command is at it.
    """
    with hold(folder):
        state = State(
            cells,
            before={cell.name for cell in cells if is_done(folder, cell) and not in_hand(folder, cell)},
            unneeded=unneeded,
        )
        rest = f", and {len(unneeded)} aren't needed" if unneeded else ""
        tell(
            state, f"{len(state.before)} of {len(cells)} cells were done before{rest}" if state.before else ""
        )
        try:
            _leave_out(state, order, tell)
            while state.waiting() or state.working:
                while len(state.working) < jobs and (cell := _next(state, order)):
                    _start(state, cell, folder, engine, tell)
                time.sleep(_POLL)
                for one in list(state.working.values()):
                    _look(state, one, folder, engine, tell, ended)
                _leave_out(state, order, tell)
                tell(state, "")
        finally:
            for one in state.working.values():
                one.job.stop()
            engine.close()
    return state


def _next(state: State, order: Order | None) -> Cell | None:
    ready = [cell for cell in state.waiting() if set(cell.after) <= state.finished]
    if not ready or order is None:
        return ready[0] if ready else None
    return order.choose(ready, state.settled, state.working, [*state.failed, *state.blocked])


def _leave_out(state: State, order: Order | None, tell: Callable[[State, str], None]) -> None:
    """Note which cells needn't run any more, now that others have; those at work go on."""
    for name, why in (order.left_out(state.settled) if order else {}).items():
        if name not in state.left_out and name not in state.working and name not in state.failed:
            state.left_out[name] = why
            tell(state, f"{name}: {why}")


def _start(
    state: State, cell: Cell, folder: Path, engine: Engine, tell: Callable[[State, str], None]
) -> None:
    taken = in_hand(folder, cell)
    state.working[cell.name] = Working(
        cell, Elsewhere(folder, cell) if taken else engine.start(folder, cell), time.monotonic()
    )
    tell(state, f"{cell.name}: {'still at work since an earlier command' if taken else 'started'}")


def _look(
    state: State,
    one: Working,
    folder: Path,
    engine: Engine,
    tell: Callable[[State, str], None],
    ended: Callable[[Cell], None],
) -> None:
    code = one.job.poll()
    if code is None:
        return
    name = one.cell.name
    del state.working[name]
    if code == 0 and is_done(folder, one.cell):
        state.done[name] = time.monotonic() - one.began
        tell(state, f"{name}: done in {state.done[name]:.0f} s")
        ended(one.cell)
    elif code < 0 and one.tries < _TRIES:
        state.working[name] = Working(
            one.cell, engine.start(folder, one.cell), time.monotonic(), one.tries + 1
        )
        tell(state, f"{name}: its worker was killed; started again")
    else:
        log = log_file(folder, one.cell)
        state.failed[name] = (
            f"its worker was killed {_TRIES} times" if code < 0 else f"{last_line(log)} (all it wrote: {log})"
        )
        tell(state, f"{name}: FAILED, {state.failed[name]}")


def last_line(log: Path) -> str:
    """Return the last line of a log that holds anything."""
    # Progress bars return to the line's start; only what stands there now counts.
    try:
        text = log.read_bytes()[-20_000:].decode(errors="replace")
    except OSError:
        return NOTHING
    return next(
        (line.strip() for line in reversed(text.replace("\r", "\n").split("\n")) if line.strip()),
        NOTHING,
    )
