"""Studies: a whole experiment in one file, from problems to verdicts,
run cell by cell on one machine or a cluster.
"""

import contextlib
import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_ext.pipelines.study.cell_schedule import State, run_cells
from harness_ext.pipelines.study.cells import Cell, study_cells
from harness_ext.pipelines.study.engine_by_name import ENGINES, check_engine, make_engine
from harness_ext.pipelines.study.estimate import TimeEstimate
from harness_ext.pipelines.study.file import (
    CLAIMS_FILE,
    Study,
    StudyModel,
    claims_text,
    load_study,
    stops,
)
from harness_ext.pipelines.study.known_runs import Recorder, standing, take, told
from harness_ext.pipelines.study.progress import Progress, clock
from harness_ext.pipelines.study.worker import forget
from harness_ext.runs.outcomes import OutcomesFile
from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.lock import hold
from synth.files.output_files import check_folder
from synth.files.replace_file import write_text
from synth.privacy.secrets import SECRETS
from synth.processes.priority import POLITE
from synth.progress.shown import showing

if TYPE_CHECKING:
    from rich.console import Console

    from harness_ext.compare import Report
    from harness_ext.pipelines.study.next_cell import ByClaims

__all__ = [
    "ENGINES",
    "Cell",
    "Planned",
    "Study",
    "StudyModel",
    "StudyOutcome",
    "load_study",
    "plan",
    "reproduce",
    "study_cells",
]


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """How a study ended: what was compared (None where too little was left to), and how its cells fared;
    `not_added` are the runs that could not be added to an outcomes file, each with the reason.
    """

    study: Study
    report: "Report | None"
    state: State
    not_added: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A cell, whether it is done already, and how many seconds it is expected to take; whether it is left
    out, since what needs it is settled, or unneeded, since what needs it is there.
    """

    cell: Cell
    done: bool
    seconds: float
    left_out: bool = False
    unneeded: bool = False


def plan(
    study_file: Path,
    out: Path,
    engine: str = "processes",
    *,
    also_settled: bool = False,
    outcomes: Path | None = None,
) -> list[Planned]:
    """Return the cells that `reproduce` would run, in the order of the file, without running any; raises what
    it raises for the study file, *out*, *engine* and *outcomes*.
    """
    check_engine(engine)
    if wrong := next(
        (one for one in (out, *out.parents) if (one.exists() or one.is_symlink()) and not one.is_dir()), None
    ):
        raise StylerepError(
            f"{out}: {wrong} is no folder, so the study's cannot be made there; choose another --out."
        )
    study, folder = load_study(study_file), out.resolve()
    cells = study_cells(study, _gpus(engine))
    estimate = TimeEstimate(study, cells, folder)
    found = standing(cells, folder, None if outcomes is None else OutcomesFile(outcomes).runs())
    order = None if also_settled else _order(study, cells, folder)
    # what runs that are not in the folder yet would settle is seen when they are
    left_out = order.left_out({*found.done, *found.unneeded}).keys() - found.finished if order else set()
    known = {*found.unneeded, *(cell.name for cell in found.taken)}
    return [
        Planned(
            cell,
            cell.name in found.finished,
            0.0 if cell.name in known else estimate.seconds(cell.name),
            cell.name in left_out,
            cell.name in found.unneeded,
        )
        for cell in cells
    ]


def _order(study: Study, cells: Sequence[Cell], folder: Path) -> "ByClaims | None":
    if not (study.claims and any(stops(study, model) for model in study.models)):
        return None  # as the file has them
    from harness_ext.pipelines.study.next_cell import ByClaims  # with all that compares runs

    return ByClaims(study, cells, folder)


def reproduce(
    study_file: Path,
    out: Path,
    jobs: int = 1,
    *,
    engine: str = "processes",
    options: Mapping[str, Any] | None = None,
    nice: int = POLITE,
    also_settled: bool = False,
    outcomes: Path | None = None,
    say: Callable[[str], None] = print,
    console: "Console | None" = None,
) -> StudyOutcome:
    """Run a study into the folder *out*: its cells, then comparisons with ``base``,
    the leaderboard and the report.

    Cells that are done with the same command and inputs are not run again; *jobs* run at a time, on this
    machine with its cores shared among them and giving way to other work (*nice*, 0 to 19), or on the
    *engine* (one of `ENGINES`, with its *options*). A
    cell that fails keeps back only what needs it; the report is of what there is. Where runs stop once they
    are settled, the study's claims say which cell runs next (`harness_ext.pipelines.study.next_cell.RULE`),
    and cells that settled claims alone need don't run, unless *also_settled*.

    Runs that the file *outcomes* (`harness_ext.runs.outcomes`) holds are taken from it, and cells that only
    they need don't run; each run that ends is added to it, and so are those that were done before. Raises
    StylerepError for a study file that is wrong, an engine that is not there, where another command is at
    work in *out*, where a link leads out of it, and for a file that is none of outcomes.
    """
    check_engine(engine)
    SECRETS.know_environment()
    SECRETS.found.clear()
    study, folder = load_study(study_file), out.resolve()
    cells = study_cells(study, _gpus(engine))
    if masked := SECRETS.sentence():
        say(f"{masked} Better, let the file name a variable of the environment: ${{NAME}}.")
    file = None if outcomes is None else OutcomesFile(outcomes)
    if file:
        file.runs()
    check_folder(out)
    if file:
        file.check("--outcomes")
    with hold(folder):
        refuse_ways_out(folder)
        if (
            study_file.exists()
            and (folder / CLAIMS_FILE).exists()
            and study_file.samefile(folder / CLAIMS_FILE)
        ):
            raise StylerepError(
                f"{study_file}: the study's claims are to be written here, over the study itself; give the"
                " file another name."
            )
        started = make_engine(engine, folder, jobs, options or {}, nice)
        if study.claims:
            write_text(folder / CLAIMS_FILE, claims_text(study))
        found = standing(cells, folder, file.runs() if file else None)
        recorder = Recorder(file, study.name, folder, say) if file else None
        if file and recorder:
            for sentence in told(study.name, cells, file, found):
                say(sentence)
            take(found, cells, folder, file)
            recorder.add([cell for cell in cells if cell.name in found.done and cell.key not in file.runs()])
        for cell in cells:
            if cell.name in found.again:
                say(f"{cell.name} is run again, since {found.again[cell.name]} reads its responses.")
                forget(folder, cell)
        with Progress(folder, TimeEstimate(study, cells, folder), jobs, say, console) as progress:
            order = _order(study, cells, folder)
            if order and also_settled:
                order.keep_all()
            ended = (lambda cell: recorder.add([cell])) if recorder else (lambda _: None)
            state = run_cells(cells, folder, started, jobs, progress, order, found.unneeded, ended)
        if recorder:
            recorder.add([])
        shown: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if console is not None:
            shown = showing("writing the report", bar=console.is_terminal)
        with shown:
            from harness_ext.pipelines.study.report import write_report

            report = write_report(study, cells, state, folder, say)
            return StudyOutcome(study, report, state, recorder.problems if recorder else {})


def plan_lines(planned: Sequence[Planned], jobs: int) -> list[str]:
    """Return a plan as lines: a command each, what is done, the time expected."""
    needs = [
        f"{one.cell.gpus} GPU{'s' if one.cell.gpus > 1 else ''}  " if one.cell.gpus else "" for one in planned
    ]
    times = [_when(one) for one in planned]
    lines = [
        f"{when:>8}  {gpus}stylerep {shlex.join(one.cell.command)}"
        for one, when, gpus in zip(planned, times, needs, strict=True)
    ]
    rest = [one.seconds for one in planned if not (one.done or one.left_out or one.unneeded)]
    left_out = sum(one.left_out for one in planned)
    settled = f", {left_out} left out, since what needs them is settled" if left_out else ""
    count = sum(one.unneeded for one in planned)
    unneeded = f", {count} not needed, since what needs them is there" if count else ""
    total = (
        f"{len(planned)} cells, {sum(one.done for one in planned)} done{settled}{unneeded}; about"
        f" {clock(max(sum(rest) / jobs, max(rest, default=0)))} for the rest, {jobs} at a time,"
    )
    return [*lines, f"{total} a guess that may be off by a factor of three until like cells are on record"]


def _when(one: Planned) -> str:
    if one.done:
        return "done"
    return "unneeded" if one.unneeded else "left out" if one.left_out else clock(one.seconds)


def _gpus(engine: str = "processes") -> bool:
    """Say whether cells can have GPUs: those of this machine, or of a cluster, where the scheduler knows."""
    if engine == "slurm":
        return True
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and shutil.which("nvidia-smi") is not None
