"""Runs that an outcomes file holds: which cells of a study they are, and which others then needn't run."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.worker import in_hand, is_done, read_record, record_taken
from harness_ext.runs.outcomes import (
    OutcomesFile,
    RunLabel,
    RunOutcomes,
    is_restored,
    read_outcomes,
    restore_run,
)
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError

_RUNS_BELOW = "runs/"


@dataclass(frozen=True, slots=True)
class Standing:
    """Which cells of a study are done, which runs an outcomes file has of the others (`taken`), which taken
    earlier must be run all the same (`again`, each with the cell that reads its responses), and which cells
    needn't run, since only runs that are there need them (`unneeded`).
    """

    done: frozenset[str]
    taken: tuple[Cell, ...] = ()
    again: Mapping[str, str] = field(default_factory=dict)
    unneeded: frozenset[str] = frozenset()

    @property
    def finished(self) -> set[str]:
        """The cells that are done once runs are taken."""
        return {*self.done, *(cell.name for cell in self.taken)}


def standing(cells: Sequence[Cell], folder: Path, runs: Mapping[str, RunOutcomes] | None) -> Standing:
    """Return how the cells of a study stand, by its folder and the *runs* of an outcomes file, None where
    none was given.

    A probe that isn't done reads responses and loads adapters, so that its runs, and what they need, are
    none that a file of scores can stand for.
    """
    done = {cell.name for cell in cells if is_done(folder, cell)}
    restored = {
        cell.name
        for cell in cells
        if cell.kind == "evaluate" and cell.name in done and _is_taken((folder / cell.output).parent)
    }
    if runs is None and not restored:
        return Standing(frozenset(done))
    named = {cell.name: cell for cell in cells}
    read_by: dict[str, str] = {}
    for cell in cells:
        if cell.kind == "probe" and cell.name not in done:
            read_by |= dict.fromkeys(_with_all_before([cell.name], named), cell.name)
    again = {name: read_by[name] for name in restored if name in read_by}
    done -= again.keys()
    taken = tuple(
        cell
        for cell in cells
        if cell.kind == "evaluate"
        and cell.key in (runs or {})
        and cell.name not in done
        and cell.name not in read_by
        and not in_hand(folder, cell)
    )
    there = {*done, *(cell.name for cell in taken)}
    needed = _needed(cells, there) | (read_by.keys() - there)
    unneeded = frozenset(name for name in named if name not in there and name not in needed)
    return Standing(frozenset(done), taken, again, unneeded)


def _is_taken(run: Path) -> bool:
    try:
        return is_restored(read_manifest(run))
    except StylerepError:
        return False  # what is wrong is told where the run is compared


def _with_all_before(names: Collection[str], cells: Mapping[str, Cell]) -> set[str]:
    found, rest = set[str](), list(names)
    while rest:
        if (name := rest.pop()) not in found:
            found.add(name)
            rest += cells[name].after
    return found


def _needed(cells: Sequence[Cell], there: Collection[str]) -> set[str]:
    """Return the cells that must run for all results to be there: runs, and what no other cell needs."""
    inner = {name for cell in cells for name in cell.after}
    named = {cell.name: cell for cell in cells}
    rest = [cell.name for cell in cells if cell.kind == "evaluate" or cell.name not in inner]
    found = set[str]()
    while rest:
        if (name := rest.pop()) not in found and name not in there:
            found.add(name)
            rest += named[name].after
    return found


def take(found: Standing, cells: Sequence[Cell], folder: Path, file: OutcomesFile) -> None:
    """Write the runs that are taken into a study's folder."""
    for cell in found.taken:
        run = file.runs()[cell.key]
        restore_run((folder / cell.output).parent, run, file.path.name)
        record_taken(folder, cell, run.label.seconds or 0.0)


def told(study: str, cells: Sequence[Cell], file: OutcomesFile, found: Standing) -> list[str]:
    """Say how many runs of a study a file holds, which it takes, and what else stands there."""
    runs, keys = file.runs(), {cell.key: cell for cell in cells if cell.kind == "evaluate"}
    if not runs:
        return [f"{file.path}: there is no such file yet; each run that ends is added to it."]
    held = len(runs.keys() & keys.keys())
    taken = f", of which {len(found.taken)} are taken now" if found.taken else ""
    lines = [f"{file.path} holds {held} of the study's {len(keys)} runs{taken}."]
    names = {_run_of(cell) for cell in keys.values()}
    rest = [run for key, run in runs.items() if key not in keys]
    stale = [run for run in rest if run.label.study == study and run.label.run in names]
    if stale:
        theirs = {str((run.manifest.get("versions") or {}).get("stylerep")) for run in stale}
        other = sorted(theirs - {version("stylerep")})
        of = f" (of stylerep {', '.join(other)}; this is {version('stylerep')})" if other else ""
        lines.append(
            f"{len(stale)} of its runs have the names of this study's and are of another version of stylerep,"
            f" command or input{of}: they stay there and aren't taken."
        )
    if len(rest) > len(stale):
        lines.append(f"{len(rest) - len(stale)} of its runs are of other studies, and stay there.")
    return lines


class Recorder:
    """Adds runs to an outcomes file as they end. What cannot be added is told and doesn't stop a study."""

    def __init__(
        self,
        file: OutcomesFile,
        study: str,
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self._file, self._study, self._folder, self._say = file, study, folder, say
        self._waiting: dict[str, Cell] = {}
        self.problems: dict[str, str] = {}

    def add(self, cells: Sequence[Cell]) -> None:
        """Add the runs of cells that are done, and those that could not be added before."""
        self._waiting |= {cell.name: cell for cell in cells if cell.kind == "evaluate"}
        if not self._waiting:
            return
        before, self.problems = self.problems, {}
        runs, named = [], []
        for name, cell in self._waiting.items():
            try:
                runs.append(read_outcomes((self._folder / cell.output).parent, self._label(cell)))
                named.append(name)
            except StylerepError as error:
                self.problems[name] = str(error)
        try:
            if runs:
                self._file.add(runs)
            for name in named:
                del self._waiting[name]
        except (StylerepError, OSError) as error:
            self.problems |= dict.fromkeys(named, str(error))
        for name, why in self.problems.items():
            if name not in before:
                self._say(f"{name} is done, and could not be added to {self._file.path}: {why}")

    def _label(self, cell: Cell) -> RunLabel:
        seed = read_manifest((self._folder / cell.output).parent).get("seed")
        seconds = read_record(self._folder, cell).get("seconds")
        return RunLabel(
            self._study,
            _run_of(cell),
            cell.label,
            cell.arm,
            seed if isinstance(seed, int) else None,
            cell.key,
            None if seconds is None else float(seconds),
        )


def _run_of(cell: Cell) -> str:
    return Path(cell.output).parent.as_posix().removeprefix(_RUNS_BELOW)
