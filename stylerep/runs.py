"""Run folders: read, ranked, and made by a whole study."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness_ext.runs.run_folder import Run
from harness_ext.runs.run_folder import load_run as _load_run
from synth.errors import StylerepError

if TYPE_CHECKING:
    from harness_ext.pages.leaderboard import Board
    from harness_ext.pipelines.study import StudyOutcome

__all__ = ["Run", "leaderboard", "load_run", "reproduce"]


def load_run(folder: str | Path) -> Run:
    """Read a run folder: what ``lm_eval --log_samples`` wrote, with our manifest beside it if there is one.

    Args:
        folder: the folder, of one run.

    Returns:
        A `Run`: ``manifest`` (model, arm, seed, versions, decoding), ``tasks`` (by task and filter,
        the metrics of each item by
        document hash), ``versions`` and ``shots`` by task. ``run.outcomes(task)`` gives each item's accuracy.

    Raises:
        StylerepError: for what can't be read, is doubled, or isn't one run, with file and line.

    Example:
        run = stylerep.load_run("runs/hc")
        print(run.manifest.get("arm"), run.outcomes("style_arith"))

    """
    return _load_run(Path(folder))


def leaderboard(
    runs: Sequence[str | Path] = (),
    out: str | Path = "board",
    *,
    title: str | None = None,
    tasks: Sequence[str] | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    by_seed: bool | None = None,
    traces: int | None = None,
    remove: Sequence[str] = (),
    jobs: int | None = None,
) -> "Board":
    """Rank runs on pages that open from disk, down to every trace; or add runs to a board that is there.

    Args:
        runs: run folders to put on the board; what it has of others stays as it is.
        out: the board's folder; ``index.html`` in it is the first page.
        title: its heading.
        tasks: patterns of the tasks of the overall ranking;
            the largest block of runs and tasks without a gap if never said.
        baseline: the run (a folder, label or arm) to whose length of traces accuracy is adjusted;
            the first one if never said.
        metric: the metric that accuracy is, of the runs given; ``auto`` finds it by its name.
        by_seed: whether runs that differ in the seed are rows of their own.
        traces: how many responses of each task can be read on the pages; all if never said.
        remove: runs to take off the board, by id or label.
        jobs: processes that read runs; one a core if left out.

    Returns:
        The `Board`: ``views`` with ranked ``entries``. The same tables lie in *out* as Markdown, CSV,
        JSON and LaTeX.

    Raises:
        StylerepError: for what can't be read or is no board, before anything is changed.

    Example:
        board = stylerep.leaderboard(["runs/base", "runs/hc"], "board")
        print([entry.label for entry in board.views[0].entries])

    """
    from harness_ext.pages.leaderboard import leaderboard as run

    if isinstance(runs, str | Path):
        raise StylerepError("runs is a list of run folders; put the one folder into a list.")
    board, _ = run(
        [Path(one) for one in runs],
        Path(out),
        title=title,
        tasks=tasks,
        by_seed=by_seed,
        baseline=baseline,
        metric=metric,
        traces=traces,
        remove=remove,
        workers=jobs,
    )
    return board


def reproduce(
    study: str | Path, out: str | Path, *, jobs: int = 2, nice: int = 10, outcomes: str | Path | None = None
) -> "StudyOutcome":
    """Run a whole study from its file: data sets, adapters, runs, comparisons, leaderboard and report.

    A study that was stopped goes on where it was; what has changed inputs is done anew.

    Args:
        study: a study file, or the name of one that comes with stylerep (``demo``, ``small``, …).
        out: the folder for everything that the study makes; ``report.html`` in it is what it comes to.
        jobs: how many steps run at a time, 1 or more, sharing this machine's cores.
        nice: how far they give way to other work on it, from 0 (not at all) to 19.
        outcomes: a Parquet file of what runs came to: those in it are taken from it, and each that ends is
            added.

    Returns:
        ``report`` (as `compare` returns it, None where too little was left to compare) and ``state``,
        with what failed and why.

    Raises:
        StylerepError: for a study file that is wrong, or an *out* that another command is at work in.

    Example:
        print(stylerep.reproduce("demo", "demo").report)

    """
    from harness_ext.pipelines.study import reproduce as run
    from harness_ext.scoring.task_folder import study_file

    file = None if outcomes is None else Path(outcomes)
    return run(study_file(study), Path(out), jobs, nice=nice, outcomes=file)
