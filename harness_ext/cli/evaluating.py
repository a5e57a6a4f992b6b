"""The verb that makes runs: eval."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness_ext.cli.command import app, check_claims, check_words, refuse_alone
from harness_ext.runs.run_folder import check_run_folders
from synth.errors import StylerepError
from synth.progress.shown import showing
from synth.terminal import say

if TYPE_CHECKING:
    from harness_ext.compare.settling import StoppingRule


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
        check_claims(claims)
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
        refuse_alone("--until-settled", given)
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
