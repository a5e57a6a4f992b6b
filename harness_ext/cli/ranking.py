"""The verb that ranks runs on pages: leaderboard."""

from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import print_notes, print_tables
from harness_ext.runs.run_folder import check_run_folders
from synth.errors import StylerepError
from synth.progress.shown import showing
from synth.schema import shown
from synth.terminal import say


@app.command(
    epilog=(
        "Example: stylerep leaderboard runs/* -o board        Add a model: stylerep leaderboard runs/new -o"
        " board        Results of other harnesses become runs by: stylerep import"
    )
)
def leaderboard(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Run folders to put on the board; what it has of others stays as it is."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The board's folder: a new one, or a board to add to.")
    ] = Path("board"),
    title: Annotated[str | None, typer.Option(help="Heading of the board.", show_default=False)] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            help=(
                "Tasks of the overall ranking, patterns separated by commas; if never said, the largest block"
                " of rows and tasks without a gap."
            )
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="The run to whose length of traces accuracy is adjusted; if never said, the first one given."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help=(
                "The metric that accuracy is in every task, of the runs given, that has it; auto: found by"
                " its name."
            ),
            show_default=False,
        ),
    ] = None,
    by_seed: Annotated[
        bool | None,
        typer.Option(
            "--by-seed/--seeds-together", help="Whether runs that differ in the seed are rows of their own."
        ),
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(
            help="How many responses of each task can be read on the pages: a number, or all.",
            show_default="all",
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Take a run off the board; may be repeated.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Processes that read runs.", min=1, show_default="one a core")
    ] = None,
) -> None:
    """Rank runs on pages that open from disk: accuracy beside style, with the ranks that the data allow,
    down to every trace.
    """
    if (
        traces is not None
        and traces != "all"
        and not (traces.isascii() and traces.isdecimal() and len(traces) < 10)
    ):
        raise StylerepError(f"--traces takes a number or all, found {shown(traces)}.")
    if not runs and not out.exists():
        raise StylerepError(f"{out}: there is no board here; name run folders to make one.")
    check_run_folders(runs or [])

    with showing("starting"):
        # Only now what takes a second to import.
        from harness_ext.compare.to_text import rich_tables
        from harness_ext.pages.leaderboard import leaderboard as run
        from harness_ext.pages.leaderboard.tables import board_notes, short_table

        board, changed = run(
            runs or [],
            out,
            title=title,
            tasks=None if tasks is None else [one.strip() for one in tasks.split(",") if one.strip()],
            by_seed=by_seed,
            baseline=baseline,
            metric=metric,
            traces=int(traces) if traces and traces != "all" else None,
            all_traces=traces == "all",
            remove=remove or [],
            workers=jobs,
            say=lambda text: say(text, err=True),
        )
    print_tables(rich_tables([short_table(board)]))
    print_notes((*board_notes(board), *changed.notes))
    counts = [
        f"{len(names)} {word}"
        for names, word in ((changed.added, "added or renewed"), (changed.unchanged, "unchanged"))
        if names
    ]
    say(f"\nBoard: {out / 'index.html'} ({len(board.runs)} runs{': ' + ', '.join(counts) if counts else ''})")
