"""Verbs about what a model makes of traces: learnability."""

import json
from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import print_tables
from synth.files.output_files import check_outputs, write_output
from synth.terminal import say


@app.command(
    epilog=(
        "Example: stylerep learnability data/sbs data/hc data/hc_w --model smollm2-135m-instruct --out"
        " learnability.parquet"
    )
)
def learnability(
    data: Annotated[
        list[Path], typer.Argument(help="Data sets, one an arm; the others are held against the first.")
    ],
    model: Annotated[
        str, typer.Option(help="The student: a name of: stylerep models list, a folder, or a Hub id.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Table of all rows (.parquet). After a kill, the same command goes on where it was."
        ),
    ],
    adapter: Annotated[Path | None, typer.Option(help="An adapter to put on the model first.")] = None,
    n: Annotated[
        int | None, typer.Option(help="Only so many rows of each arm, the first.", min=1, show_default="all")
    ] = None,
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
    report = run(model, data, out, adapter=adapter, n=n, trust_remote_code=trust_remote_code)
    if json_file:
        write_output(json_file, json.dumps(report.to_json(), indent=1) + "\n")
    from harness_ext.compare.to_text import rich_tables

    print_tables(rich_tables(report.tables()))
    say(f"Rows: {out}")
