"""Verbs that make runs, compare them and rank them: eval, compare, leaderboard, import."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness_ext.cli.command import app, check_words
from harness_ext.cli.output import print_notes, print_report, print_tables
from harness_ext.runs.run_folder import check_run_folders, run_files
from synth.errors import StylerepError
from synth.files.output_files import check_folder, check_outputs, write_output
from synth.progress.shown import showing
from synth.schema import shown
from synth.terminal import say

if TYPE_CHECKING:
    from harness_ext.compare.settling import StoppingRule
    from harness_ext.importing import Imported

_METRIC = (
    "The metric that accuracy is, such as exact_match, in every task that has it.  [default: found by its"
    " name, and said]"
)


@app.command(
    "eval",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog=(
        "Example: stylerep eval --model hf --model_args pretrained=smollm2-135m-instruct,peft=adapters/hc"
        " --tasks 'style_*' --limit 200 --output_path runs/hc        All options of lm_eval: lm_eval run"
        " --help"
    ),
)
def evaluate(
    context: typer.Context,
    arm: Annotated[
        str | None, typer.Option(help="Arm to record, where the adapter's manifest does not say it.")
    ] = None,
    claims: Annotated[
        Path | None,
        typer.Option(
            help=(
                "A file of claims about this run, declared beforehand: its hash is recorded, so that compare"
                " --claims can tell."
            )
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            help=(
                "Draws of each item of tasks that generate, each scored: avg@k, pass@k, maj@k. Wants a"
                " temperature (--gen_kwargs do_sample=true,temperature=0.7).  [default: what tasks say]"
            ),
            min=1,
            max=10_000,
            show_default=False,
        ),
    ] = None,
    in_order: Annotated[
        bool,
        typer.Option(
            "--in-order",
            help="Ask items in the order of a hash, and keep scores as they come, for compare --watch.",
        ),
    ] = False,
    until_settled: Annotated[
        bool,
        typer.Option(
            "--until-settled",
            help=(
                "Stop as soon as the comparison with the run --against is settled, within --margin or not, or"
                " the --claims about both."
            ),
        ),
    ] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="With --until-settled: a finished run on the same items; several with --claims."),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help=(
                "With --until-settled: the largest difference of accuracies that still counts as equivalent;"
                " choose it before."
            )
        ),
    ] = None,
    about: Annotated[
        str | None,
        typer.Option(
            help=(
                "With --until-settled: what the verdict is about, the set of items asked for, or many like"
                " them.  [default: set]"
            ),
            show_default=False,
        ),
    ] = None,
    look_every: Annotated[
        int | None,
        typer.Option(
            help="With --until-settled: items until the next look.  [default: a twentieth, at least 32]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run lm_eval, with its own options, on stylerep's tasks, and record the run.

    --model style-hf is lm_eval's hf, faster where responses differ in length, and killed it goes on where it
    was. Its --model_args also take think_budget=TOKENS, budget_forcing=TIMES, suppress=KIND+KIND (or all) and
    steer=FILE with steer_kind and steer_strength.
    """
    from harness_ext.backends.lm_eval import EvaluationStage
    from harness_ext.backends.lm_eval import evaluate as run

    check_words({"--arm": arm})
    if claims:
        _check_claims(claims)
    rule = _stopping_rule(until_settled, against, margin, about, look_every, claims)
    digest = None
    if claims:
        from harness_ext.compare.hypotheses_file import claims_digest  # takes a second to import

        digest = claims_digest(claims)
    with showing(EvaluationStage("importing lm_eval"), bar=False):
        folder = run(context.args, arm, digest, rule, in_order, repeats)

    from harness_ext.runs.audit import run_notes

    for note in run_notes(folder):
        say(note, err=True)
    say(f"Run: {folder}")


def _stopping_rule(
    until_settled: bool,
    against: list[Path] | None,
    margin: float | None,
    about: str | None,
    look_every: int | None,
    claims: Path | None,
) -> "StoppingRule | None":
    """Return the rule that an evaluation is to stop by, None without one;
    raise StylerepError for half a rule, or one that cannot be.
    """
    if not until_settled:
        given = {
            "--against": against or None,
            "--margin": margin,
            "--about": about,
            "--look-every": look_every,
        }
        _refuse_alone("--until-settled", given)
        return None
    if not against or margin is None:
        raise StylerepError(
            "--until-settled needs a finished run and a margin declared beforehand: --against RUN --margin"
            " 0.05."
        )
    check_run_folders(against)
    from harness_ext.compare.hypotheses_file import load_claims
    from harness_ext.compare.settling import StoppingRule as Rule

    return Rule(
        against[0],
        margin,
        "set" if about is None else about,  # type: ignore[arg-type]  # it refuses other words
        look_every,
        also=tuple(against[1:]),
        claims=load_claims(claims) if claims else None,
    )


def _refuse_alone(needed: str, given: Mapping[str, object]) -> None:
    """Raise StylerepError for an option that was given without the one that it goes with."""
    if alone := next((name for name, value in given.items() if value is not None), None):
        raise StylerepError(f"{alone} goes with {needed}.")


def _check_claims(path: Path) -> None:
    """Raise StylerepError for a claims file that cannot be read, before what reads it is imported."""
    from synth.schema import open_regular

    open_regular(path, "claims file").close()


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
            },
        )
        return
    _refuse_alone("--watch", {"--about": about, "--every": every})
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
        _check_claims(claims)

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


@app.command(
    "import",
    epilog=(
        "Example: stylerep import results/math500.jsonl --model my-7b --task style_math500 --out runs/my-7b  "
        "      Of several models: stylerep import logs/*.eval --models models.yaml --out runs        To pair"
        " with a run: stylerep import details/ --like runs/base --model my-7b --out runs/my-7b"
    ),
)
def import_results(
    sources: Annotated[
        list[Path], typer.Argument(help="Files or folders of one format (docs/how-to/import-results.md).")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help=(
                "With --model the run folder, else the folder that gets a run folder for each model. Tasks"
                " are added to a run."
            )
        ),
    ],
    format_name: Annotated[
        str, typer.Option("--format", help="auto, lm_eval, lighteval, inspect, qwen-math or jsonl.")
    ] = "auto",
    model: Annotated[
        str | None, typer.Option(help="The model of all responses; else the sources name models.")
    ] = None,
    family: Annotated[
        str | None, typer.Option(help="Family of the model, for the manifest, as are the three below.")
    ] = None,
    arm: Annotated[str | None, typer.Option(help="Its arm.  [default: base]", show_default=False)] = None,
    base_model: Annotated[str | None, typer.Option(help="What it was made from; itself if left out.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Its seed; draws of one model have their numbers for seeds.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(help="A YAML file with family, arm, base_model and seed below the name of each model."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help=(
                "Name of the task. Responses to a task of stylerep's (style_gsm8k) are matched to its"
                " documents."
            )
        ),
    ] = None,
    answer_type: Annotated[
        str | None,
        typer.Option(
            help=(
                "How answers are read: number, option, text, expression or latex; told from the right answers"
                " if left out."
            )
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(help="A run whose documents responses are matched to, so that both can be compared."),
    ] = None,
    response_field: Annotated[
        str | None,
        typer.Option(
            help="Field that holds the response or several; found if left out, as the fields below."
        ),
    ] = None,
    question_field: Annotated[str | None, typer.Option(help="Field that holds the question.")] = None,
    answer_field: Annotated[str | None, typer.Option(help="Field that holds the right answer.")] = None,
    trace_field: Annotated[
        str | None, typer.Option(help="Field that holds the trace, where it stands beside the response.")
    ] = None,
    score_field: Annotated[
        str | None,
        typer.Option(
            "--metric",
            "--score-field",
            help="Metric, scorer or field with the recorded score, 0 to 1; found by its name if left out.",
        ),
    ] = None,
    id_field: Annotated[str | None, typer.Option(help="Field that holds the id of the item.")] = None,
    model_field: Annotated[
        str | None, typer.Option(help="Field that names the model; else the folder does.")
    ] = None,
    task_field: Annotated[
        str | None, typer.Option(help="Field that names the task; else the file does.")
    ] = None,
    filter_name: Annotated[
        str | None,
        typer.Option(
            "--filter", help="Filter of lm_eval whose scores are the recorded ones; the first if left out."
        ),
    ] = None,
    draws: Annotated[
        str,
        typer.Option(
            help=(
                "Where items have several responses: apart, a run for each, or together, one run with avg@k,"
                " pass@k and maj@k."
            )
        ),
    ] = "apart",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tasks that the run has already.")
    ] = False,
) -> None:
    """Turn results of other harnesses into run folders, their responses graded anew."""
    from harness_ext.importing import About, ReadSource, import_runs, read_models
    from synth.responses import Fields

    check_words(
        {"--model": model, "--family": family, "--arm": arm, "--base-model": base_model, "--task": task}
    )
    if draws not in ("apart", "together"):
        raise StylerepError(f"--draws is apart or together, found {shown(draws)}.")
    reading = ReadSource(
        Fields(
            response_field, score_field, question_field, model_field, task_field, answer_field, trace_field
        ),
        id_field,
        filter_name,
    )
    with showing("looking for results"):
        imported = import_runs(
            sources,
            out,
            format_name=format_name,
            model=model,
            about=About(family, arm, base_model, seed),
            models=read_models(models) if models else None,
            task=task,
            answer_type=answer_type,
            like=like,
            reading=reading,
            overwrite=overwrite,
            together=draws == "together",
            say=lambda text: say(text, err=True),
        )
    _print_imported(imported)


def _print_imported(imported: "Imported") -> None:
    from harness_ext.cli.imported import import_notes, import_table
    from harness_ext.compare.to_text import rich_tables

    print_tables(rich_tables([import_table(imported)]))
    print_notes(import_notes(imported))
