"""Models: trained on traces, and evaluated by lm_eval."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from synth.errors import StylerepError
from synth.schema import shown

__all__ = ["distill", "evaluate"]
Value = str | int | float | bool


def distill(
    model: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    recipe: str | Path = "small",
    method: str | None = None,
    seed: int | None = None,
    epochs: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    rank: int | None = None,
    max_length: int | None = None,
    loss_on: str | None = None,
    teacher: str | Path | None = None,
    teacher_adapter: str | Path | None = None,
    beta: float | None = None,
    on_policy: float | None = None,
    temperature: float | None = None,
    max_new_tokens: int | None = None,
    without: str | Path | None = None,
    select: str | None = None,
    drop: float = 0.0,
    part_tokens: int = 8192,
    gradient_checkpointing: bool = False,
    save_minutes: float = 5.0,
    restart: bool = False,
    plain: bool = False,
    merge: str | Path | None = None,
    report_to: Sequence[str] = (),
    trust_remote_code: bool = False,
) -> Path:
    """Train an adapter, or the whole model, on one arm's traces, as ``stylerep distill`` does.

    A training that was killed goes on where it was when the same call is made again, to the same result.

    Args:
        model: a name of ``stylerep models list``, a local folder or a Hub id.
        data: the data set of one arm, a folder that `stylerep.synthesize` or ``stylerep teach`` wrote.
        out: the folder for what is trained; replaced when training has ended.
        recipe: ``small``, ``paper`` or a YAML file. The arguments from *method* to *max_new_tokens*
            change single settings of it.
        method: ``lora``, ``dora``, ``qlora``, ``full``, or ``opd``: the student writes, and *teacher* scores
            each token of it.
        seed: of adapter weights and of the order of problems.
        epochs: passes over the data, above 0.
        learning_rate: peak learning rate of AdamW.
        batch_size: rows a step, over all processes.
        rank: LoRA rank; alpha is twice the rank.
        max_length: the longest row in tokens, prompt included; a longer one is refused.
        loss_on: which tokens of a response count: ``all``, ``steps``, ``pivots`` or ``answer``.
        teacher: for ``opd``, a model with the student's tokenizer, as *model* is named.
        teacher_adapter: for ``opd``, a folder with an adapter to put on the teacher.
        beta: for ``opd``, of the divergence: 0 (forward KL) to 1 (reverse KL); 0.5 if left out.
        on_policy: for ``opd``, the share of steps on what the student writes, 0 to 1; 1 if left out.
        temperature: for ``opd``, at which the student draws its tokens, above 0; 1 if left out.
        max_new_tokens: for ``opd``, the most tokens of a response it writes; 512 if left out.
        without: a file of row ids to leave out; give all arms the same.
        select: score rows before training: ``outlier-gradient``, ``gradient-cosine``,
            ``gradient-norm`` or ``loss``.
        drop: with *select*, train without this fraction of rows, the most suspicious, 0 to 1.
        part_tokens: tokens on the device at a time; a step is taken in as many parts as it needs.
        gradient_checkpointing: compute activations twice, to hold fewer.
        save_minutes: minutes between checkpoints.
        restart: drop the checkpoints of an unfinished training for the same folder.
        plain: pad rows and let peft compute adapters one by one; slower, to compare with.
        merge: also write the model with the adapter merged into it to this folder.
        report_to: trackers of transformers, such as ``tensorboard``.
        trust_remote_code: let the model run Python files of its own; read them first.

    Returns:
        The folder *out*: adapter (or model), model card and ``manifest.json``.

    Raises:
        StylerepError: for a model, data set or recipe that can't be read, and settings that are out of range
            or don't go together; all of it before the model is loaded.

    Example:
        adapter = stylerep.distill("smollm2-135m-instruct", "data/hc", "adapters/hc", epochs=1)
        print(adapter / "manifest.json")

    """
    from distill.models.model_files import code_of_models
    from distill.models.pretrained import check_adapter, resolve_model
    from distill.select import leave_out
    from distill.training.output import check_training_output
    from distill.training.settle_options import settle
    from synth.traces.datasets import check_dataset, read_dataset

    name, rows, target = str(model), Path(data), Path(out)
    left_out, merged, adapter = (
        Path(one) if one is not None else None for one in (without, merge, teacher_adapter)
    )
    settled = settle(
        recipe=str(recipe),
        method=method,
        seed=seed,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        rank=rank,
        max_length=max_length,
        loss_on=loss_on,
        teacher=None if teacher is None else str(teacher),
        teacher_adapter=adapter,
        beta=beta,
        on_policy=on_policy,
        temperature=temperature,
        max_new_tokens=max_new_tokens,
        without=left_out,
        select=select,
        drop=drop,
        part_tokens=part_tokens,
        gradient_checkpointing=gradient_checkpointing,
        save_minutes=save_minutes,
        restart=restart,
        plain=plain,
        merge=merged,
        report_to=report_to,
    )
    check_dataset(rows)
    if left_out:
        leave_out(read_dataset(rows)[0], settled.without, left_out)
    inputs: list[str | Path] = [resolve_model(name), rows]
    if opd := settled.recipe.opd:
        inputs.append(resolve_model(opd.teacher))
        if opd.teacher_adapter:
            check_adapter(opd.teacher_adapter)
            inputs.append(opd.teacher_adapter)
    check_training_output(target, merged, inputs)

    # Only now what takes seconds to import.
    with code_of_models(trust_remote_code):
        if select:
            from distill.select.training import distill_selected

            return distill_selected(name, rows, target, select, drop, settled.recipe, settled.running)
        from distill.training.train import distill as run

        return run(name, rows, target, settled.recipe, None, settled.running, settled.without)


def evaluate(
    model: str | Path,
    tasks: str | Sequence[str],
    out: str | Path,
    *,
    adapter: str | Path | None = None,
    backend: str = "style-hf",
    limit: float | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
    arm: str | None = None,
    claims: str | Path | None = None,
    settled_against: str | Path | None = None,
    margin: float | None = None,
    about: Literal["set", "many"] = "set",
    think_budget: int | None = None,
    budget_forcing: int | None = None,
    suppress: Sequence[str] = (),
    steer: str | Path | None = None,
    steer_kind: str | None = None,
    steer_strength: float | None = None,
    model_args: Mapping[str, Value] | None = None,
    gen_kwargs: Mapping[str, Value] | None = None,
    repeats: int | None = None,
    include_path: str | Path | None = None,
    trust_remote_code: bool = False,
) -> Path:
    """Run lm_eval with stylerep's tasks on a model, and record the run, as ``stylerep eval`` does.

    Args:
        model: a name of ``stylerep models list``, a local folder or a Hub id.
        tasks: names of tasks or groups, or patterns: ``style_arith``, ``["style_kg",
            "style_claims"]``, ``style_*``.
        out: the run folder. Runs of other tasks with the same model and settings may share it.
        adapter: a folder that `stylerep.distill` wrote, put on the model.
        backend: a model type of lm_eval. ``style-hf`` is its ``hf``, with the controls below,
            and goes on where it was killed.
        limit: the first items of each task: a number from 1 on, or a share between 0 and 1; all if left out.
        batch_size: sequences at a time; 16 if left out.
        device: of torch, such as ``cuda:0`` or ``cpu``; lm_eval chooses if left out.
        dtype: a number format, ``float32`` or ``bfloat16``; that of the model's files if left out.
        arm: the arm to record, where the adapter's manifest doesn't say it.
        claims: a file of hypotheses declared beforehand, whose hash is recorded.
        settled_against: a finished run on the same items: stop as soon as the comparison with it is settled
            within *margin*, or not.
        margin: the largest difference of accuracies that still counts as equivalent, chosen beforehand.
        about: what the verdict is about, the ``set`` of items asked for, or ``many`` like them.
        think_budget: the most tokens of a trace, 1 or more.
        budget_forcing: how often the end of a trace is taken back and "Wait" put in its place.
        suppress: kinds of pivots that aren't written: ``realization``, ``verification``,
            ``exploration``, ``integration``, or ``all``.
        steer: a file of ``stylerep steer fit``; it needs *steer_kind* and *steer_strength*.
        steer_kind: the kind of pivot whose direction is added.
        steer_strength: how many times it is added; below 0 it is taken away.
        model_args: further arguments of lm_eval's model.
        gen_kwargs: arguments of generation in place of the tasks' own, such as ``{"max_gen_toks": 512}``.
        repeats: draws of each item of tasks that generate, each scored; they want a temperature:
            ``gen_kwargs={"do_sample": True, "temperature": 0.7}``. What tasks say if left out.
        include_path: a folder with task files of your own.
        trust_remote_code: let the model run Python files of its own; read them first.

    Returns:
        The run folder, for `stylerep.load_run` and `stylerep.compare`.

    Raises:
        StylerepError: for a model, adapter or task that isn't there, settings that don't go together, and a
            folder that holds another model's run; nearly all of it before the model is loaded.

    Example:
        model = "smollm2-135m-instruct"
        run = stylerep.evaluate(model, "style_arith", "runs/hc", adapter="adapters/hc", limit=100)
        print(stylerep.load_run(run).manifest["arm"])

    """
    from harness_ext.backends.lm_eval import evaluate as run
    from synth.privacy.secrets import SECRETS

    for name in ("pretrained", "peft"):
        if name in (model_args or {}):
            raise StylerepError(
                f"model_args names {name}; give it as {'model' if name == 'pretrained' else 'adapter'}"
                " instead."
            )
    if (settled_against is None) != (margin is None):
        raise StylerepError("settled_against and margin go together.")
    if repeats is not None and repeats < 1:
        raise StylerepError(f"repeats is a number of draws from 1 on, found {repeats}.")
    rule = None
    if settled_against is not None and margin is not None:
        from harness_ext.compare.settling import StoppingRule
        from harness_ext.runs.run_folder import check_run_folders

        check_run_folders([Path(settled_against)])
        rule = StoppingRule(Path(settled_against), margin, about)
    digest = None
    if claims is not None:
        from harness_ext.compare.hypotheses_file import claims_digest

        digest = claims_digest(Path(claims))
    named: dict[str, Value | None] = {
        "pretrained": str(model),
        "peft": None if adapter is None else str(adapter),
        "dtype": dtype,
        "think_budget": think_budget,
        "budget_forcing": budget_forcing,
        "suppress": (suppress if isinstance(suppress, str) else "+".join(suppress)) or None,
        "steer": None if steer is None else str(steer),
        "steer_kind": steer_kind,
        "steer_strength": steer_strength,
    }
    settings = {name: value for name, value in named.items() if value is not None} | dict(model_args or {})
    options: dict[str, object] = {
        "--model": backend,
        "--model_args": _json("model_args", settings),
        "--tasks": tasks if isinstance(tasks, str) else ",".join(tasks),
        "--output_path": str(out),
        "--limit": limit,
        "--batch_size": batch_size,
        "--device": device,
        "--gen_kwargs": None if gen_kwargs is None else _json("gen_kwargs", gen_kwargs),
        "--include_path": include_path,
    }
    words = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    SECRETS.know_environment()
    code = ["--trust_remote_code"] if trust_remote_code else []
    return run([*words, *code], arm, digest, rule, repeats=repeats)


def _json(name: str, settings: Mapping[str, Value]) -> str:
    """Return settings as lm_eval's command line takes them whatever they hold,
    commas and equals signs with it.
    """
    for key, value in settings.items():
        if not isinstance(value, str | int | float | bool):
            raise StylerepError(f"{name}: {key} is a text, a number or a truth value, found {shown(value)}.")
    return json.dumps(settings)
