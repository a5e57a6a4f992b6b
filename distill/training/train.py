"""Trains one model on one arm's data set."""

import contextlib
import os
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import DistributedType
from rich.console import Console
from transformers import TrainingArguments
from transformers.trainer_callback import PrinterCallback

from distill.models.adapter_base import BASE, weights_digest
from distill.models.allocator import keep_freed_memory
from distill.models.families import Family, model_family
from distill.models.loading import load_config, load_tokenizer
from distill.models.precision import fast_dtype
from distill.models.pretrained import resolve_model
from distill.training.adapt import trained_model
from distill.training.encode import Encoded
from distill.training.fast.install import Speed, speed_up
from distill.training.memory import check_memory
from distill.training.merge import merge
from distill.training.opd.teacher import Teacher, check_teacher, teacher_digests
from distill.training.opd.trainer import NumberedSteps, OnPolicyTrainer, written_counts
from distill.training.opd.writing import StudentWriter
from distill.training.output import training_output, unfinished_folder
from distill.training.own_traces import check_own_traces
from distill.training.progress import TrainingProgress
from distill.training.recipe import Recipe
from distill.training.result import training_facts, write_result
from distill.training.rows import TrainingRows, rows_left, training_rows
from distill.training.trainer import Steps, StepTrainer
from distill.training.training_options import TrainingOptions
from distill.training.unfinished import Checkpoints, open_unfinished
from synth.errors import StylerepError
from synth.files.replace_folder import refuse_within
from synth.terminal import make_console


def distill(
    model: str,
    data: Path,
    out: Path,
    recipe: Recipe | None = None,
    console: Console | None = None,
    running: TrainingOptions | None = None,
    without: Collection[str] = (),
) -> Path:
    """Train *model* on the data set in *data*, but for the rows of the problems *without*, and write an
    adapter (or a model) to *out*.

    *out* is replaced whole when training has ended; until then, and if it is interrupted, what was there
    stays, and checkpoints lie in ``OUT.unfinished``: the same call goes on from the latest, with the same
    result. *out* holds the weights as safetensors, a model card and ``manifest.json`` (base model, family,
    arm, seed, data set fingerprint, recipe, loss, versions). Which problems make up a step depends on the
    seed and their ids alone, so every arm of a study sees them in the same batches. In several processes
    (accelerate launch) each takes its share of every step; on-policy distillation takes one. Raises
    StylerepError for a model or data set that cannot be used, for a training that memory cannot hold, and,
    before anything else, for a folder that cannot be written or that another command is at.
    """
    recipe, running, state = (
        recipe or Recipe(),
        running or TrainingOptions(),
        PartialState(cpu=not torch.cuda.is_available()),
    )
    inputs = [model, data, *(recipe.opd.inputs if recipe.opd else ())]
    refuse_within(out, [data])
    with training_output(out, running.merged, inputs, state.is_main_process):
        return _distill(model, data, out, recipe, console, running, state, without)


def _distill(
    model: str,
    data: Path,
    out: Path,
    recipe: Recipe,
    console: Console | None,
    running: TrainingOptions,
    state: PartialState,
    without: Collection[str],
) -> Path:
    console = (console or make_console(stderr=True)) if state.is_main_process else Console(quiet=True)
    recipe.validate()
    running.validate(recipe)
    _check_processes(recipe, state)
    read = rows_left(data, without)
    tokenizer, config = load_tokenizer(model), load_config(model)
    base = weights_digest(resolve_model(model))
    check_own_traces(data, read[1], model, base)
    family = model_family(config, tokenizer)
    _tell(console, family, tokenizer)
    limit = recipe.settled(
        family, 0, getattr(config.get_text_config(), "max_position_embeddings", None)
    ).longest
    rows, opd = training_rows(read, data, tokenizer, family, limit, recipe), recipe.opd
    width, teacher_bytes = check_teacher(opd, model, tokenizer) if opd else (0, 0.0)
    share = rows.share(running.part_tokens, state.num_processes, recipe.batch_size)
    longest, checkpointing = max(rows.lengths), running.gradient_checkpointing
    parameters = check_memory(config, recipe, longest, share, checkpointing, _shards(state), teacher_bytes)
    recipe = recipe.settled(family, parameters, limit)
    digests = teacher_digests(opd) if opd else {}
    settings = {
        "model": model,
        "base": base,
        "data set": rows.manifest["fingerprint"],
        "rows left out": len(without),
        "recipe": recipe.record(),
        **digests,
        "plain": running.plain,
        "rows": rows.ids_digest,
    }
    with state.main_process_first():
        checkpoint = open_unfinished(out, settings, running.restart, state.is_main_process)
    loading = f"{model} and its teacher {opd.teacher}" if opd else model
    named = f"{rows.arm} on {len(rows.ids)} rows"
    console.print(f"{named}: loading {loading}", markup=False, soft_wrap=True)
    trained = trained_model(model, recipe, family)
    ends = frozenset({tokenizer.convert_tokens_to_ids(family.end_of_turn), tokenizer.eos_token_id})
    pad = _pad_id(tokenizer, family)
    trainer, speed = _trainer(trained, recipe, running, state, unfinished_folder(out), pad, ends, rows, width)
    for note in speed.notes:
        console.print(f"Note: {note}.", markup=False)
    if checkpoint:
        console.print(f"Going on from step {checkpoint.name.rpartition('-')[2]} of {len(rows.plan)}.")
    seconds = _timed(trainer, running, TrainingProgress(console, named), out, checkpoint)
    manifest = {
        "arm": rows.arm,
        "seed": recipe.seed,
        "family": family.name,
        "template_arguments": family.template_arguments,
        "base_model": model,
        BASE: base,
        "dataset_fingerprint": rows.manifest["fingerprint"],
        "problem_ids_sha256": rows.manifest["problem_ids_sha256"],
        "rows_left_out": sorted(without),
        "recipe": recipe.record(),
        **digests,
        "train_seconds": round(seconds, 1),
        "train_tokens": rows.tokens,
        **(written_counts(trainer.state.log_history) if opd else {}),
        "resumed": checkpoint is not None,
        **training_facts(trainer, speed, state),
    }
    whole = tokenizer if recipe.method == "full" else None
    write_result(trainer, whole, out, manifest, len(rows.ids), state)
    if state.is_main_process:
        shutil.rmtree(unfinished_folder(out), ignore_errors=True)
        if running.merged:
            merge(model, out, running.merged)
    state.wait_for_everyone()
    return out


def _timed(
    trainer: StepTrainer,
    running: TrainingOptions,
    progress: TrainingProgress,
    out: Path,
    checkpoint: Path | None,
) -> float:
    """Train, from a checkpoint if there is one, and return the seconds it took."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(progress)
    trainer.add_callback(Checkpoints(running.save_minutes, running.save_steps))
    began = time.monotonic()
    with contextlib.closing(progress), _memory_advice(), _tidied(unfinished_folder(out)):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return time.monotonic() - began


def _tell(console: Console, family: Family, tokenizer: Any) -> None:
    """Say what there is to know of a model's family."""
    if family.assumed:
        console.print(f"Note: {family.assumed}.", markup=False)
    if family.kept_ids(tokenizer):
        console.print(
            "Note: think tags are special tokens of this model; stylerep eval reads them, lm_eval by itself"
            " drops them."
        )


def _check_processes(recipe: Recipe, state: PartialState) -> None:
    if recipe.opd and state.num_processes > 1:
        raise StylerepError(
            f"On-policy distillation runs in one process, and these are {state.num_processes}; leave"
            " accelerate launch out."
        )


def _prepare(
    trained: Any, encoded: Sequence[Encoded], running: TrainingOptions, state: PartialState
) -> Speed:
    if state.device.type == "cpu":
        keep_freed_memory()
    if running.gradient_checkpointing:
        trained.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if hasattr(trained, "enable_input_require_grads"):
            trained.enable_input_require_grads()
    if running.plain:
        return Speed()
    shards = _shards(state)
    if not getattr(trained, "is_loaded_in_4bit", False) and shards == 1:
        trained.to(state.device)
    # Sharded weights cannot lie in one block with others.
    speed = speed_up(trained, [row.input_ids for row in encoded], fuse=shards == 1)
    if shards < state.num_processes and _sharding():
        speed.notes.append("models are shared out over GPUs only; here every process holds the whole model")
    return speed


def _trainer(
    trained: Any,
    recipe: Recipe,
    running: TrainingOptions,
    state: PartialState,
    folder: Path,
    pad: int,
    ends: frozenset[int],
    rows: TrainingRows,
    width: int,
) -> tuple[StepTrainer, Speed]:
    """Return what trains a model, with the fast parts in place; *width* is of on-policy distillation, the
    vocabulary that student and teacher have in common.
    """
    attention = trained.config._attn_implementation
    speed = _prepare(trained, rows.encoded, running, state)
    padding = None if speed.packed else pad
    teacher = Teacher(recipe.opd, width, state.device, rows.encoded[:2], speed.packed) if recipe.opd else None
    with _refused():
        arguments = _arguments(recipe, running, folder, len(rows.plan))
        if not recipe.opd or not teacher:
            process, processes = state.process_index, state.num_processes
            steps = Steps(rows.encoded, rows.plan, running.part_tokens, padding, process, processes)
            return StepTrainer(model=trained, args=arguments, train_dataset=steps), speed
        trainer = OnPolicyTrainer(
            model=trained,
            args=arguments,
            train_dataset=NumberedSteps(rows.plan),
            settings=recipe.opd,
            writer=StudentWriter(trained, recipe.opd.temperature, width, ends, attention),
            teacher=teacher,
            encoded=rows.encoded,
            ids=rows.ids,
            longest=recipe.longest,
            tokens=running.part_tokens,
            pad=padding,
        )
    return trainer, speed


def _sharding() -> bool:
    return any(
        os.environ.get(name, "").lower() in ("1", "true")
        for name in ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")
    )


def _shards(state: PartialState) -> int:
    """Return over how many processes accelerate shares the model out: it does so for GPUs alone,
    and says nothing elsewhere.
    """
    shared = _sharding() and state.distributed_type not in (DistributedType.NO, DistributedType.MULTI_CPU)
    return int(state.num_processes) if shared else 1


@contextlib.contextmanager
def _memory_advice() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise StylerepError(
            "The memory of the device is full; try a smaller --part-tokens, or --gradient-checkpointing."
        ) from error


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Say in a sentence what transformers does not take: a tracker that there is not,
    or that is not installed.
    """
    try:
        yield
    except (ValueError, RuntimeError, ImportError) as error:
        raise StylerepError(f"transformers refuses these settings: {' '.join(str(error).split())}") from error


@contextlib.contextmanager
def _tidied(folder: Path) -> Iterator[None]:
    """Remove the folder of a training that stopped before its first checkpoint."""
    try:
        yield
    except BaseException:
        if not list(folder.glob("checkpoint-*")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _pad_id(tokenizer: Any, family: Family) -> int:
    return int(
        tokenizer.pad_token_id
        if tokenizer.pad_token_id is not None
        else tokenizer.convert_tokens_to_ids(family.end_of_turn)
    )


def _arguments(recipe: Recipe, running: TrainingOptions, folder: Path, steps: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warm_up,
        weight_decay=recipe.weight_decay,
        use_cpu=not torch.cuda.is_available(),
        bf16=recipe.method == "full" and fast_dtype() == torch.bfloat16,
        remove_unused_columns=False,
        seed=recipe.seed,
        logging_steps=1,
        save_strategy="no",  # Checkpoints asks for them
        save_total_limit=2,
        report_to=list(running.report_to) or "none",
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
    )
