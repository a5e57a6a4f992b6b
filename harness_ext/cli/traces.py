"""Verbs that make traces or read their style: synth, teach, analyze."""

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import make_console
from synth.errors import StylerepError
from synth.files.output_files import check_outputs, write_output
from synth.progress.shown import showing
from synth.terminal import say

if TYPE_CHECKING:
    from harness_ext.pages.analyze import StyleAnalysis
    from synth.style.profile import StyleProfile


@app.command(
    epilog=(
        "Example: stylerep synth --problems arith:train --arms nt,sbs,hc,hc_w --n 2000 --out data        Or"
        " of traces: stylerep synth --from traces.jsonl --arm shuffle=0.67 --out data"
    )
)
def synth(
    out: Annotated[Path, typer.Option(help="Folder that gets one data set an arm.")],
    problems: Annotated[
        str | None,
        typer.Option(
            help=(
                "Problems: NAME[:SPLIT][:OPTION=VALUE] (arith, chain, kinship, kg, claims, countdown,"
                " gym:NAME, gsm8k, math, svamp, aime, gpqa), a file or a Hub data set "
                "with columns named (problems.csv:question=task:answer=result:steps=working)."
            )
        ),
    ] = None,
    traces: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Instead: traces of models, in any file, folder or Hub data set that analyze reads.",
        ),
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            "--arms",
            "--arm",
            help=(
                "Arms, separated by commas: nt, sbs, hc, hc_w, hc_np, hc_shuf and their combinations, hc_len,"
                " sbs_w, hc_len_w, dots, swap, shuffle=F, "
                "delete=F, insert=F, digits=F, keywords=F, mix=F; with --from, st in place of hc; with --like"
                " a set of teach, self, self_hc, self_w, … or st, st_hc, … too.  [default: nt,sbs,hc,hc_w;"
                " with --from: st]"
            ),
        ),
    ] = None,
    n: Annotated[
        int | None, typer.Option(help="Number of problems; all of a file source if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of problems and surface forms.")] = 0,
    style: Annotated[
        str,
        typer.Option(
            help="Style of hc: a profile, long-reasoning, instruct, or a file of analyze --profile."
        ),
    ] = "long-reasoning",
    dial: Annotated[
        list[str] | None,
        typer.Option(
            help=(
                "Set a mean of the style: NAME=NUMBER, such as pivot_density=4 or trace_words=120; may be"
                " repeated."
            )
        ),
    ] = None,
    templates: Annotated[
        Path | None, typer.Option(help="Folder of .jinja files whose macros replace those of the language.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of templates and lexicon: en or zh.")] = "en",
    like: Annotated[
        Path | None,
        typer.Option(
            help="A data set whose problems are to be rendered, in its order: the arms then stand beside it."
        ),
    ] = None,
    unsolved: Annotated[
        str,
        typer.Option(
            help=(
                "With arms of the traces of --like: drop leaves problems without one out of all arms, sbs"
                " fills them with rendered steps."
            )
        ),
    ] = "drop",
    decontaminate: Annotated[
        bool,
        typer.Option(
            help=(
                "Pass over problems that are too like a test question of a task"
                " (docs/how-to/render-traces.md)."
            )
        ),
    ] = True,
    response_field: Annotated[
        str | None,
        typer.Option(help="With --from: field that holds the response; found if left out, as the two below."),
    ] = None,
    answer_field: Annotated[
        str | None, typer.Option(help="With --from: field that holds the right answer.")
    ] = None,
    correct_field: Annotated[
        str | None, typer.Option(help="With --from: field that says whether the response is right.")
    ] = None,
    trace_field: Annotated[
        str | None,
        typer.Option(help="With --from: field that holds the trace, where it stands beside the response."),
    ] = None,
) -> None:
    """Render synthetic traces, or alter those of models: one aligned Parquet data set for each arm."""
    from synth.responses import Fields
    from synth.traces.synthesis import synth as render
    from synth.traces.synthesis import synth_from
    from synth.traces.writing.target import read_dials

    # what is imported stays: not looking through it again and again makes rendering about 14 % faster
    gc.freeze()
    names = [arm for text in arms or [] for arm in text.split(",")]
    if (problems is None) == (traces is None):
        raise StylerepError(
            "Name either problems (--problems arith:train) or traces (--from traces.jsonl), and not both."
        )
    if problems is not None:
        if response_field or answer_field or correct_field or trace_field:
            raise StylerepError(
                "--response-field, --answer-field, --correct-field and --trace-field go with --from; columns"
                " of problems are named in --problems FILE:question=COLUMN."
            )
        with showing("reading problems"):
            folders = render(
                problems,
                names or ["nt", "sbs", "hc", "hc_w"],
                out,
                n,
                seed,
                style=style,
                dials=read_dials(dial or []),
                templates=templates,
                language=language,
                decontaminate=decontaminate,
                like=like,
                unsolved=unsolved,
                say=lambda text: say(text, err=True),
            )
    else:
        if dial or templates or like or style != "long-reasoning" or unsolved != "drop":
            raise StylerepError(
                "--style, --dial, --templates, --like and --unsolved are of no use with --from: those traces"
                " are written already."
            )
        fields = Fields(
            response=response_field, answer=answer_field, correct=correct_field, trace=trace_field
        )
        with showing("reading traces"):
            folders = synth_from(
                traces or [],
                names or ["st"],
                out,
                n,
                seed,
                fields=fields,
                language=language,
                decontaminate=decontaminate,
                say=lambda text: say(text, err=True),
            )
    for arm, folder in folders.items():
        say(f"{arm}: {folder}")


@app.command(
    epilog=(
        "Example: stylerep teach --model hf --model_args pretrained=smollm2-135m-instruct --problems"
        " arith:train:max_steps=2 --n 200 --max-tokens 128 --out data/st        As a writer: stylerep teach"
        " --model local-chat-completions --model_args"
        " base_url=http://localhost:8000/v1/chat/completions,model=NAME --problems gsm8k:train --n 500"
        " --write hc --out data/hc_llm"
    )
)
def teach(
    model: Annotated[
        str,
        typer.Option(help="A model type of lm_eval: hf, vllm, local-chat-completions, local-completions, …"),
    ],
    problems: Annotated[
        str, typer.Option(help="Problems as for synth: NAME[:SPLIT], a file or a Hub data set.")
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder that gets the data set; the journal of a run lies beside it until then."),
    ],
    model_args: Annotated[
        str,
        typer.Option(
            "--model_args",
            help="Arguments of the model, as lm_eval takes them; pretrained may be a pulled model.",
        ),
    ] = "",
    n: Annotated[
        int | None, typer.Option(help="Number of problems; all of a file source if left out.")
    ] = None,
    samples: Annotated[int | None, typer.Option(help="Most responses to a problem.  [default: 4]")] = None,
    keep: Annotated[
        str,
        typer.Option(
            help="first: ask until one response is right, and keep that; all: keep all samples, labelled."
        ),
    ] = "first",
    arm: Annotated[
        str,
        typer.Option(
            help=(
                "What the traces are: st, a teacher's; self, the student's own, whose weights are recorded,"
                " so that no other student is trained on them."
            )
        ),
    ] = "st",
    write: Annotated[
        str | None, typer.Option(help="hc: have the model write stages and pivots around the worked steps.")
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option(help="With --write: how often a refused result is asked for anew.  [default: 2]"),
    ] = None,
    temperature: Annotated[float, typer.Option(help="Temperature of sampling; 0 is greedy.")] = 0.7,
    max_tokens: Annotated[int, typer.Option(help="Most new tokens of a response.")] = 2048,
    batch: Annotated[int, typer.Option(help="Problems asked at a time.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed of problems and samples.")] = 0,
    decontaminate: Annotated[
        bool,
        typer.Option(
            help=(
                "Pass over problems that are too like a test question of a task"
                " (docs/how-to/render-traces.md)."
            )
        ),
    ] = True,
) -> None:
    """Sample traces from a model and keep the right ones, as arm st, or self; or have it write the arm hc.
    Goes on where it was stopped.
    """
    from harness_ext.pipelines.teach import describe
    from harness_ext.pipelines.teach import teach as run
    from harness_ext.pipelines.teach.settings import settle

    settings = settle(
        problems=problems,
        model=model,
        model_args=model_args,
        n=n,
        samples=samples,
        keep=keep,
        write=write,
        retries=retries,
        temperature=temperature,
        max_tokens=max_tokens,
        batch=batch,
        seed=seed,
        decontaminate=decontaminate,
        arm=arm,
    )
    with showing("importing lm_eval"):
        tally = run(settings, out, say=lambda text: say(text, err=True))
    say(f"{describe(tally)}\nData set: {tally.folder}")


@app.command(epilog="Example: stylerep analyze traces.jsonl runs/hc --json scores.json --html report.html")
def analyze(
    sources: Annotated[
        list[str],
        typer.Argument(
            help=(
                "Files (.jsonl, .jsonl.gz, .json, .csv, .parquet), run folders, folders of such files, or Hub"
                " data sets org/name[:split]."
            )
        ),
    ],
    html: Annotated[
        Path | None, typer.Option(help="Also write the report, with figures, as one HTML page.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            help="Also write everything to this file: all scores of each response, summaries, odds ratios.",
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            help="Also write the style profile of these traces, to be a --reference or to be compared."
        ),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(help="Profile that adherence is measured against: long-reasoning, instruct, or a file."),
    ] = "long-reasoning",
    compare_with: Annotated[
        str | None,
        typer.Option("--compare", help="Also say how far the style of these traces is from this profile's."),
    ] = None,
    learnability: Annotated[
        list[Path] | None,
        typer.Option(
            help="A table of stylerep learnability: also show how surprising the rows are to its student; may"
            " be repeated."
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the traces, en or zh; told from each trace if left out.")
    ] = None,
    response_field: Annotated[
        str | None,
        typer.Option(help="Field that holds the response; found if left out, as the fields below."),
    ] = None,
    correct_field: Annotated[
        str | None, typer.Option(help="Field that says whether it is right (0, 1, true, false).")
    ] = None,
    question_field: Annotated[str | None, typer.Option(help="Field that tells questions apart.")] = None,
    model_field: Annotated[
        str | None, typer.Option(help="Field that names the model; else the folder does.")
    ] = None,
    task_field: Annotated[
        str | None, typer.Option(help="Field that names the task; else the file does.")
    ] = None,
    trace_field: Annotated[
        str | None, typer.Option(help="Field that holds the trace, where it stands beside the response.")
    ] = None,
) -> None:
    """Read the style of reasoning traces, and what of it goes with right answers."""
    from synth.responses import data_files
    from synth.rows import check_sources
    from synth.style import load_lexicon
    from synth.style.profile import load_profile

    check_sources(sources)
    read = [file for one in map(Path, sources) for file in (data_files(one) if one.is_dir() else [one])]
    check_outputs(
        {"--html": html, "--json": json_file, "--profile": profile},
        [*read, reference, *([compare_with] if compare_with else []), *(learnability or [])],
    )
    other = load_profile(compare_with) if compare_with else None
    load_profile(reference)
    if language is not None:
        load_lexicon(language)

    with showing("starting") as at:
        # Only now what takes seconds to import.
        from distill.models.allocator import keep_freed_memory
        from harness_ext.pages.analyze import Fields, profile_of
        from harness_ext.pages.analyze import analyze as run

        keep_freed_memory()
        analysis = run(
            sources,
            Fields(response_field, correct_field, question_field, model_field, task_field, trace=trace_field),
            reference,
            language,
            learnability or (),
        )
        own = profile_of(profile.stem if profile else "these traces", analysis) if profile or other else None
        if html:
            at.turn_to("writing the page")
            from harness_ext.pages.analyze.html_page import report_html

            write_output(html, report_html(analysis))
        if json_file:
            at.turn_to("writing all scores")
            from harness_ext.pages.analyze.html_page import analysis_json

            write_output(json_file, json.dumps(analysis_json(analysis)) + "\n")
        if profile and own:
            write_output(profile, json.dumps(own.to_json(), indent=1) + "\n")
    _print_analysis(analysis)
    if other and own:
        _print_divergence(own, other)


def _print_analysis(analysis: "StyleAnalysis") -> None:
    from harness_ext.pages.analyze.terminal import association_table, group_table, learnability_table, notes

    console = make_console()
    console.print(group_table(analysis.groups))
    if (learnable := learnability_table(analysis.groups)) is not None:
        console.print(learnable)
    for one in analysis.associations:
        console.print(association_table(one))
    console.print(notes(analysis.associations))
    for note in analysis.notes:
        say(note, err=True)


def _print_divergence(own: "StyleProfile", other: "StyleProfile") -> None:
    from harness_ext.pages.analyze.terminal import divergence_table
    from synth.style.profile import compare_profiles

    make_console().print(divergence_table(compare_profiles(own, other)))
