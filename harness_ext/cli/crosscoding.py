"""Verbs about what an adapter changed inside its model: crosscode fit, crosscode report."""

import json
from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from harness_ext.cli.output import print_notes, print_tables
from synth.errors import StylerepError
from synth.files.output_files import check_outputs, write_output
from synth.progress.shown import showing
from synth.terminal import say

crosscode = typer.Typer(
    help="What an adapter has added to its model's activations, feature by feature.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(crosscode, name="crosscode")

_Data = Annotated[
    list[Path],
    typer.Option(help="A data set of traces, as synth or teach write it; may be given repeatedly."),
]
_Trust = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Let the model run Python files of its own; read them first."),
]


@crosscode.command(
    "fit",
    epilog=(
        "Example: stylerep crosscode fit --model smollm2-135m-instruct --adapter adapters/hc --data data/hc"
        " --data data/hc_np --out crosscoders/hc"
    ),
)
def crosscode_fit(
    model: Annotated[str, typer.Option(help="A name of: stylerep models list, a folder, or a Hub id.")],
    adapter: Annotated[Path, typer.Option(help="The adapter, as stylerep distill makes it.")],
    data: _Data,
    out: Annotated[Path, typer.Option(help="Folder for the crosscoder; replaced when the fit has ended.")],
    layer: Annotated[
        list[int] | None,
        typer.Option(
            help="A layer after which activations are read, from 0 on; may be given repeatedly.",
            min=0,
            show_default="the middle one",
        ),
    ] = None,
    features: Annotated[int, typer.Option(help="Features of the dictionary.", min=2, max=1 << 20)] = 2048,
    k: Annotated[
        int | None,
        typer.Option(help="BatchTopK: active features a token, on average.", min=1, show_default="32"),
    ] = None,
    l1: Annotated[
        float | None,
        typer.Option(
            help="In place of BatchTopK, an L1 penalty on activations times decoder norms, so strong.",
            show_default="none",
        ),
    ] = None,
    tokens: Annotated[int, typer.Option(help="The most tokens of responses that are read.", min=1)] = 40_000,
    passes: Annotated[int, typer.Option(help="How often each token is seen.", min=1)] = 10,
    buffer: Annotated[
        int, typer.Option(help="The most tokens whose activations are held for shuffling.", min=1)
    ] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the first weights and of the order of rows.")] = 0,
    trust_remote_code: _Trust = False,
) -> None:
    """Fit a crosscoder: one dictionary of features for the activations of a model with its adapter and
    without, on the same tokens of responses. One problem in ten is held out.
    """
    from distill.crosscoder.folder import WEIGHTS, WHAT
    from distill.models.model_files import code_of_models
    from distill.models.pretrained import check_adapter, resolve_model
    from synth.files.replace_folder import check_replaceable
    from synth.traces.datasets import check_dataset

    if l1 is not None and not 0 < l1 < float("inf"):
        raise StylerepError(f"--l1 must be a number above 0, found {l1:g}.")
    if l1 is not None and k is not None:
        raise StylerepError("--k is of BatchTopK, which --l1 takes the place of; give one of the two.")
    if (k or 32) > features:
        raise StylerepError(f"--k {k or 32}: no more features can be active than there are ({features}).")
    found = resolve_model(model)
    check_adapter(adapter)
    for one in data:
        check_dataset(one)
    check_replaceable(out, WEIGHTS, WHAT, [found, adapter, *data])
    with showing("loading the model"):
        from distill.crosscoder.fit import CrosscodeSettings, crosscode  # takes seconds to import
        from distill.crosscoder.fitting import FitSettings
        from distill.models.precision import fast_dtype

        how = FitSettings(
            sparsity="batchtopk" if l1 is None else "l1",
            k=k or 32,
            l1=l1 or FitSettings().l1,
            precision=fast_dtype(),
        )
        settings = CrosscodeSettings(
            tuple(dict.fromkeys(layer or ())), features, tokens, passes, 1024, buffer, seed, how
        )
        with code_of_models(trust_remote_code):
            made = crosscode(model, adapter, data, out, settings, lambda text: say(text, err=True))
    for name, values in made.explained.items():
        shown = ", ".join(f"{100 * value:.1f} %" for value in values)
        say(f"Explained variance, {name}: {shown} on {made.tokens:,} tokens held out")
    say(f"Active features a token: {made.active:.1f}; never active: {100 * made.dead:.1f} %")
    say(f"Crosscoder: {out}")


@crosscode.command(
    "report",
    epilog=(
        "Example: stylerep crosscode report crosscoders/hc crosscoders/hc_np --data data/hc --json hc.json"
        " --html hc.html"
    ),
)
def crosscode_report(
    crosscoders: Annotated[
        list[Path],
        typer.Argument(help="Folders of crosscode fit; the others are held against the first."),
    ],
    data: _Data,
    model: Annotated[
        str | None, typer.Option(help="The model, if it isn't where the manifest says.", show_default=False)
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(
            help="Of one crosscoder, its adapter, if it isn't where the manifest says.", show_default=False
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(help="Only so many rows of each data set, the first.", min=1, show_default="all"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write what is shown to this file, with signatures.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write it, with texts in which features fire, as one HTML page.")
    ] = None,
    trust_remote_code: _Trust = False,
) -> None:
    """Say which features an adapter has added, and whether they fire at pivots, stages and answers more than
    chance has it, on problems that were held out of the fit.
    """
    from distill.crosscoder.folder import check_crosscoder
    from distill.models.model_files import code_of_models
    from synth.traces.datasets import check_dataset

    for one in crosscoders:
        check_crosscoder(one)
    for one in data:
        check_dataset(one)
    inputs = [file for folder in (*crosscoders, *data) for file in folder.iterdir()]
    check_outputs({"--json": json_file, "--html": html}, inputs)
    with showing("starting"):
        from harness_ext.pipelines.crosscode import crosscode_report as run

        with code_of_models(trust_remote_code):
            report = run(
                crosscoders,
                data,
                model=model,
                adapter=adapter,
                n=n,
                say=lambda text: say(text, err=True),
            )
    if json_file:
        write_output(json_file, json.dumps(report.to_json(), indent=1) + "\n")
    if html:
        from harness_ext.pipelines.crosscode.page import report_html

        write_output(html, report_html(report))
    from harness_ext.compare.to_text import rich_tables
    from harness_ext.pipelines.crosscode.tables import report_notes, report_tables

    print_tables(rich_tables(report_tables(report)))
    print_notes(report_notes())
