"""The verb that makes runs of other harnesses' results: import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness_ext.cli.command import app, check_words
from harness_ext.cli.output import print_notes, print_tables
from synth.errors import StylerepError
from synth.progress.shown import showing
from synth.schema import shown
from synth.terminal import say

if TYPE_CHECKING:
    from harness_ext.importing import Imported


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
    from harness_ext.cli.import_table import import_notes, import_table
    from harness_ext.compare.to_text import rich_tables

    print_tables(rich_tables([import_table(imported)]))
    print_notes(import_notes(imported))
