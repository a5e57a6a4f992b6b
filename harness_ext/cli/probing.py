"""Verbs about what a model makes of traces: learnability, probe."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import print_notes, print_tables
from harness_ext.runs.run_folder import check_run_folders, run_files
from synth.files.output_files import check_outputs, write_output
from synth.progress.shown import showing
from synth.terminal import say


@app.command(
    epilog=(
        "Example: stylerep learnability data/sbs data/hc data/hc_w --model smollm2-135m-instruct --out"
        " learnability.parquet        Of a server: stylerep learnability data/sbs data/hc --model"
        " local-completions --model_args base_url=http://localhost:8000/v1/completions,model=NAME --out"
        " learnability.parquet"
    )
)
def learnability(
    data: Annotated[
        list[Path], typer.Argument(help="Data sets, one an arm; the others are held against the first.")
    ],
    model: Annotated[
        str,
        typer.Option(
            help=(
                "The student: a name of: stylerep models list, a folder, a Hub id, or local-completions for"
                " one that a server runs."
            )
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Table of all rows (.parquet). After a kill, the same command goes on where it was."
        ),
    ],
    adapter: Annotated[Path | None, typer.Option(help="An adapter to put on the model first.")] = None,
    model_args: Annotated[
        str,
        typer.Option(
            "--model_args",
            help=(
                "Of local-completions, as lm_eval takes them: base_url=ADDRESS,model=NAME and, where that"
                " isn't the name of its tokenizer, tokenizer=NAME."
            ),
        ),
    ] = "",
    n: Annotated[
        int | None, typer.Option(help="Only so many rows of each arm, the first.", min=1, show_default="all")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Also write the result into the manifest of each data set.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write what is shown to this file, with signatures.")
    ] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code", help="Let the model run Python files of its own; read them first."
        ),
    ] = False,
) -> None:
    """Measure how surprising the rows of each arm are to a student, part by part, before any training."""
    from stylerep import learnability as run

    check_outputs(
        {"--out": out, "--json": json_file},
        [file for folder in data if folder.is_dir() for file in folder.iterdir()],
    )
    with showing("starting"):
        report = run(
            model,
            data,
            out,
            adapter=adapter,
            n=n,
            record=record,
            model_args=_parsed(model_args),
            trust_remote_code=trust_remote_code,
        )
    if json_file:
        write_output(json_file, json.dumps(report.to_json(), indent=1) + "\n")
    from harness_ext.compare.to_text import rich_tables

    print_tables(rich_tables(report.tables()))
    say(f"Rows: {out}")


def _parsed(model_args: str) -> dict[str, Any] | None:
    if not model_args:
        return None
    from harness_ext.backends.lm_eval import parse_model_args

    return parse_model_args(model_args)


@app.command(
    epilog=(
        "Example: stylerep probe runs/sbs runs/hc --out probes.parquet --html probes.html        The model"
        " named: stylerep probe runs/hc --model smollm2-135m-instruct --adapter adapters/hc --out"
        " probes.parquet"
    )
)
def probe(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; the others are held against the first.")],
    out: Annotated[
        Path,
        typer.Option(
            help="Table of all probes (.parquet). After a kill, the same command goes on where it was."
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Of one run, the model that wrote it.  [default: what its manifest names]"),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(help="Of one run, the adapter on that model.  [default: what its manifest names]"),
    ] = None,
    probes: Annotated[
        str,
        typer.Option(
            help=(
                "Of none, early, delete, delete_all, corrupt, carry, paraphrase, pivots_within,"
                " pivots_between, filler, swap.  [default: all]"
            ),
            show_default=False,
        ),
    ] = "",
    n: Annotated[
        int | None,
        typer.Option(help="Only so many items of each task, the first.", min=1, show_default="all"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of wrong numbers and names, and of other pivots.")] = 0,
    sentences: Annotated[
        int, typer.Option(help="The most sentences of a trace that are probed one by one.", min=1)
    ] = 40,
    resample: Annotated[
        int,
        typer.Option(
            help="From before each sentence, write the rest of the trace anew so many times (slow).", min=0
        ),
    ] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write what is shown to this file, with signatures.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write it, with figures, as one HTML page.")] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code", help="Let the model run Python files of its own; read them first."
        ),
    ] = False,
) -> None:
    """Ask whether the answers of runs hang on the traces before them: cut short, made wrong, robbed of parts.

    Each time, the model that wrote the trace says how likely its answer then is.
    """
    from stylerep import probe as run

    check_run_folders(runs)
    check_outputs(
        {"--out": out, "--json": json_file, "--html": html},
        [file for folder in runs for file in run_files(folder)],
    )
    with showing("starting"):
        report = run(
            runs,
            out,
            model=model,
            adapter=adapter,
            probes=[name.strip() for name in probes.split(",") if name.strip()],
            n=n,
            seed=seed,
            sentences=sentences,
            resample=resample,
            trust_remote_code=trust_remote_code,
        )
    if json_file:
        write_output(json_file, json.dumps(report.to_json(), indent=1) + "\n")
    if html:
        from harness_ext.pipelines.probe.page import report_html

        write_output(html, report_html(report))
    from harness_ext.compare.to_text import rich_tables
    from harness_ext.pipelines.probe.tables import report_notes, report_tables

    print_tables(rich_tables(report_tables(report)))
    print_notes(report_notes())
    say(f"Probes: {out}")
