"""The verb that compares runs: compare."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app, check_claims, refuse_alone
from harness_ext.cli.output import print_report, print_tables
from harness_ext.runs.run_folder import check_run_folders, run_files
from synth.errors import StylerepError
from synth.files.output_files import check_folder, check_outputs, write_output
from synth.progress.shown import showing
from synth.schema import shown
from synth.terminal import say

_METRIC = (
    "The metric that accuracy is, such as exact_match, in every task that has it.  [default: found by its"
    " name, and said]"
)


@app.command(
    epilog=(
        "Example: stylerep compare runs/base runs/hc --margin 0.05 --json verdicts.json        Claims, for"
        " CI: stylerep compare runs/* --claims claims.yaml (ends with 0 if all are met, 1 if one is not, 2 if"
        " one is open, 3 for an error)        Before the runs: stylerep compare --plan"
    )
)
def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Run folders. The first one's arm is the baseline unless --baseline names another."
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="What the others are compared with: a run folder, or an arm that every model has (base)."
        ),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            help="Largest difference of accuracies that still counts as equivalent; choose it before looking."
        ),
    ] = 0.05,
    by: Annotated[
        str,
        typer.Option(
            help=(
                "What rows are told apart by, of family, arm, seed and task; what is left out is taken"
                " together: seeds as draws from many."
            )
        ),
    ] = "family,arm,task",
    metric: Annotated[str | None, typer.Option(help=_METRIC, show_default=False)] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Compare the items that runs share, where each also has others.")
    ] = False,
    claims: Annotated[
        Path | None,
        typer.Option(help="A file of hypotheses declared beforehand (docs/reference/comparing.md)."),
    ] = None,
    between_seeds: Annotated[
        str | None,
        typer.Option(
            help=(
                "Where the spread between seeds is taken from: each comparison's own runs, or pooled over"
                " all trained arms; claims say so themselves.  [default: each]"
            ),
            show_default=False,
        ),
    ] = None,
    learnability: Annotated[
        list[Path] | None,
        typer.Option(
            help=(
                "A table of stylerep learnability: also tell differences at equal learnability; may be"
                " repeated, for several models."
            )
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write everything, with signatures, to this file.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the tables to this file, as Markdown.")
    ] = None,
    latex: Annotated[Path | None, typer.Option(help="Also write the tables to this file, as LaTeX.")] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also draw forest.svg and differences.svg into this folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of resampling.", min=0)] = 0,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Say instead how many items it takes, and what so many can show; needs no runs."
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Watch runs that are still being written (eval --in-order), until their verdicts are in.",
        ),
    ] = False,
    about: Annotated[
        str | None,
        typer.Option(
            help=(
                "With --watch: what verdicts are about, the set of items asked for, or many like them."
                "  [default: set]"
            ),
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(help="With --watch: seconds between looks.  [default: 30]", min=0.1, show_default=False),
    ] = None,
    discordance: Annotated[
        float | None,
        typer.Option(
            help="With --plan: share of items that exactly one of two runs gets right.  [default: several]",
            show_default=False,
        ),
    ] = None,
    items: Annotated[
        int | None,
        typer.Option(
            help="With --plan: say what this many items can show.  [default: several]", show_default=False
        ),
    ] = None,
) -> None:
    """Compare runs with a baseline, item by item: differences, intervals, verdicts, shares of a gain, effects
    over families, declared claims.
    """
    if plan:
        from harness_ext.compare.planning import plan_tables
        from harness_ext.compare.to_text import rich_tables

        if runs:
            raise StylerepError(
                "--plan is about runs to come; leave run folders out. What it takes to settle theirs, compare"
                " says by itself."
            )
        print_tables(rich_tables(plan_tables(margin, discordance, items)))
        return
    if discordance is not None or items is not None:
        raise StylerepError("--discordance and --items go with --plan.")
    check_run_folders(runs or [])
    if watch:
        unfit = {"--claims": claims, "--json": json_file, "--markdown": markdown, "--latex": latex}
        _watch(
            runs or [],
            baseline,
            margin,
            about,
            metric,
            every,
            {
                **unfit,
                "--figures": figures,
                "--partial": partial or None,
                "--learnability": learnability,
                "--between-seeds": between_seeds,
            },
        )
        return
    refuse_alone("--watch", {"--about": about, "--every": every})
    read = [file for folder in runs or [] for file in run_files(folder)]
    check_outputs(
        {"--json": json_file, "--markdown": markdown, "--latex": latex},
        [*read, *([claims] if claims else []), *(learnability or [])],
    )
    if (
        len(
            {
                folder.resolve()
                for folder in (
                    *(runs or []),
                    *([Path(baseline)] if baseline and Path(baseline).is_dir() else []),
                )
            }
        )
        < 2
    ):
        raise StylerepError("A comparison needs two different run folders.")
    if claims:
        check_claims(claims)

    with showing("starting") as at:
        # Only now what takes a second to import.
        from harness_ext.compare import compare as run
        from harness_ext.compare import load_claims, report_json
        from harness_ext.compare.to_text import report_latex, report_markdown

        check_folder(figures)
        report = run(
            runs or [],
            baseline,
            margin,
            by=by,
            metric=metric,
            partial=partial,
            claims=load_claims(claims) if claims else None,
            seed=seed,
            learnability=learnability or (),
            between_seeds=between_seeds,
        )
        if json_file:
            write_output(json_file, json.dumps(report_json(report), indent=2) + "\n")
        if markdown:
            write_output(markdown, report_markdown(report))
        if latex:
            write_output(latex, report_latex(report))
        if figures:
            at.turn_to("drawing figures")
            from harness_ext.compare.figures import draw

            draw(report, figures)
    print_report(report)
    if report.judgement:
        from harness_ext.compare import Outcome

        say(f"\nclaims: {report.judgement.outcome.value}")
        raise typer.Exit(
            {Outcome.MET: 0, Outcome.NOT_MET: 1, Outcome.INCONCLUSIVE: 2}[report.judgement.outcome]
        )


def _watch(
    runs: list[Path],
    baseline: str | None,
    margin: float,
    about: str | None,
    metric: str | None,
    every: float | None,
    unfit: Mapping[str, object],
) -> None:
    """Print a table whenever there is something new, until all is settled or has ended."""
    if name := next((name for name, value in unfit.items() if value is not None), None):
        raise StylerepError(f"{name} goes with finished runs, not with --watch.")
    if about not in (None, "set", "many"):
        raise StylerepError(f"--about is set or many, found {shown(about)}.")
    if baseline is not None and not Path(baseline).is_dir():
        raise StylerepError(f"--baseline {shown(baseline)}: with --watch it is a run folder.")
    from harness_ext.compare.to_text import rich_tables
    from harness_ext.compare.watching import Watching, watch_table
    from harness_ext.compare.watching import watch as looks

    first = [Path(baseline)] if baseline is not None else []
    there = {folder.resolve(): folder for folder in (*first, *runs)}
    watching = Watching(list(there.values()), margin, "many" if about == "many" else "set", metric)
    for found in looks(watching, 30.0 if every is None else every):
        print_tables(rich_tables([watch_table(found, watching.folders[0], margin)]))
