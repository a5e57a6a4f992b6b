"""The verb that runs a whole study: reproduce."""

from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import make_console, print_report
from synth.errors import StylerepError
from synth.processes.priority import POLITE
from synth.schema import shown
from synth.terminal import say


@app.command(
    epilog=(
        "Example: stylerep reproduce demo --out demo        What it would do: stylerep reproduce small --out"
        " small --dry-run        On a cluster: stylerep reproduce paper --out /shared/paper --engine slurm"
        " --jobs 20 --engine-option slurm_partition=gpu"
    )
)
def reproduce(
    study: Annotated[
        Path,
        typer.Argument(
            help=(
                "A study file, or the name of one that comes with stylerep: demo, small,"
                " structure-vs-content, decoding, gsm8k, families, own-style, paper."
            )
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for everything the study makes; cells already done there are not run again."
        ),
    ],
    jobs: Annotated[
        int, typer.Option(help="Cells at a time; on this machine its cores are shared among them.", min=1)
    ] = 2,
    nice: Annotated[
        int,
        typer.Option(
            help="How far cells on this machine give way to other work: 0 not at all, 19 wholly.",
            min=0,
            max=19,
        ),
    ] = POLITE,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the cells, what is done, and how long the rest may take; run nothing."
        ),
    ] = False,
    also_settled: Annotated[
        bool,
        typer.Option(
            "--also-settled",
            help="With evaluate: {stop: settled}: run cells too that only settled claims need.",
        ),
    ] = False,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.parquet",
            help=(
                "What runs came to, without responses: runs that stand in this file are taken from it, what"
                " only they need isn't run, and each run that ends is added to it. It need not be there yet."
            ),
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="Where cells run: processes (here), slurm, or submitit-local (docs/how-to/run-a-study.md)."
        ),
    ] = "processes",
    engine_option: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE of a cluster's job, such as slurm_partition=gpu; may be repeated."),
    ] = None,
) -> None:
    """Run a whole study: traces, adapters, runs, verdicts, leaderboard, report."""
    from harness_ext.scoring.task_folder import study_file

    file = study_file(study)

    from harness_ext.pipelines.study import plan, plan_lines
    from harness_ext.pipelines.study import reproduce as run

    options: dict[str, str | int] = {}
    for text in engine_option or []:
        name, is_there, value = text.partition("=")
        if not is_there or not name.isidentifier():
            raise StylerepError(f"--engine-option takes NAME=VALUE, found {shown(text)}.")
        options[name] = int(value) if value.isdecimal() and len(value) < 19 else value
    if dry_run:
        planned = plan(file, out, engine, also_settled=also_settled, outcomes=outcomes)
        for line in plan_lines(planned, jobs):
            say(line)
        return
    ended = run(
        file,
        out,
        jobs,
        engine=engine,
        options=options,
        nice=nice,
        also_settled=also_settled,
        outcomes=outcomes,
        say=say,
        console=make_console(),
    )
    if ended.report:
        say("")
        print_report(ended.report)
        say(
            f"\nreport: {out / 'report.html'}   board: {out / 'board' / 'index.html'}   verdicts:"
            f" {out / 'verdicts.json'}"
        )
    for name, why in ended.state.failed.items():
        say(f"FAILED  {name}: {why}", err=True)
    if left_out := ended.state.left_out:
        say(f"not run, since what needs them is settled (--also-settled runs them): {', '.join(left_out)}")
    if ended.state.blocked:
        say(f"not run, since what they need failed: {', '.join(ended.state.blocked)}", err=True)
    for name, why in ended.not_added.items():
        say(f"NOT ADDED to {outcomes}: {name}: {why}", err=True)
    if ended.state.failed or ended.not_added:
        raise typer.Exit(1)
