"""Trains one adapter on one arm's data set."""

import hashlib
import json
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import datasets
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from distill.allocator import keep_freed_memory
from distill.encode import IGNORED, Collator, encode
from distill.families import model_family
from distill.loading import load_config, load_model, load_tokenizer
from distill.precision import fast_dtype
from distill.progress import TrainingProgress
from synth.datasets import read_dataset
from synth.errors import StylerepError
from synth.replace_folder import replace_folder

MANIFEST = "manifest.json"
_LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an adapter is trained; the same for every arm of a study.

    AdamW, cosine decay after a linear warm-up over the first 5 % of steps. `rank` and `alpha` are
    LoRA's (Hu et al., 2021, arXiv:2106.09685); adapters stay in float32 whatever the base model's
    format. `max_length` is in tokens, prompt included. Without a `learning_rate` it is the family's for
    the model's size, or 1e-3 where the family has none.
    """

    epochs: float = 2.0
    learning_rate: float | None = None
    batch_size: int = 8
    rank: int = 16
    alpha: int = 32
    max_length: int = 2048
    seed: int = 0

    def validate(self) -> None:
        """Raise StylerepError for a value outside its range."""
        for name in ("epochs", "learning_rate", "batch_size", "rank", "alpha", "max_length"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise StylerepError(f"{name.replace('_', '-')} must be above 0, got {value}.")


class _LabelledLogitsTrainer(Trainer):  # type: ignore[misc]  # transformers ships no types for it
    """A Trainer that computes logits only in columns where some row of the batch has a label.

    Of the 135M parameters of SmolLM2-135M, 28M are the output layer, and a third of a row or more is
    prompt; ``make bench`` shows what leaving it out gains.
    """

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None) -> Any:
        """Return the mean cross-entropy over labelled tokens (of the whole accumulated batch)."""
        labels = inputs.pop("labels")
        keep = inputs["logits_to_keep"]
        outputs = model(**inputs)
        targets = labels[:, keep + 1]
        total = torch.nn.functional.cross_entropy(outputs.logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")
        loss = total / (num_items_in_batch if num_items_in_batch is not None else (targets != IGNORED).sum())
        return (loss, outputs) if return_outputs else loss


def distill(model: str, data: Path, out: Path, recipe: Recipe | None = None, console: Console | None = None) -> Path:
    """Train a LoRA adapter for *model* on the data set in *data* and write it to *out*.

    *out* is replaced whole when training has ended; until then, and if it is interrupted, what was
    there stays. It holds ``adapter_model.safetensors``, ``adapter_config.json``, peft's model card
    and ``manifest.json`` (base model, family, arm, seed, data set fingerprint, recipe, loss,
    versions). The order of problems depends on the seed and the problems alone, so every arm of a
    study sees them in the same batches. Raises StylerepError for a model or data set that cannot be
    used.
    """
    recipe, console = recipe or Recipe(), console or Console(stderr=True)
    recipe.validate()
    rows, data_manifest = read_dataset(data)
    tokenizer, config = load_tokenizer(model), load_config(model)
    family = model_family(config, tokenizer)
    if family.assumed:
        console.print(f"Note: {family.assumed}.")
    if family.kept_ids(tokenizer):
        console.print("Note: think tags are special tokens of this model; stylerep eval reads them, lm_eval by itself drops them.")
    positions = getattr(config.get_text_config(), "max_position_embeddings", None) or recipe.max_length
    encoded = [encode(row, tokenizer, family, min(recipe.max_length, positions)) for row in rows]

    if not torch.cuda.is_available():
        keep_freed_memory()
    # peft's model asks transformers for a property that it is about to rename; no concern of the user's.
    warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
    torch.manual_seed(recipe.seed)
    base = load_model(model, fast_dtype())
    if recipe.learning_rate is None:
        recipe = replace(recipe, learning_rate=family.learning_rate(base.num_parameters()) or _LEARNING_RATE)
        console.print(f"Learning rate: {recipe.learning_rate:g}")
    lora = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, target_modules=family.lora_targets, fan_in_fan_out=family.fan_in_fan_out, lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )  # fmt: skip
    adapted = get_peft_model(base, lora)
    table = datasets.Dataset.from_list([asdict(item) for item in encoded])
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.convert_tokens_to_ids(family.end_of_turn)

    with replace_folder(out) as fresh, tempfile.TemporaryDirectory() as scratch:
        trainer = _LabelledLogitsTrainer(model=adapted, args=_arguments(recipe, scratch), train_dataset=table, data_collator=Collator(pad))
        trainer.remove_callback(PrinterCallback)
        progress = TrainingProgress(console, f"{data_manifest['arm']} on {len(rows)} rows")
        trainer.add_callback(progress)
        began = time.monotonic()
        try:
            result = trainer.train()
        finally:
            progress.close()
        seconds = time.monotonic() - began
        adapted.save_pretrained(fresh)
        manifest = {
            "arm": data_manifest["arm"],
            "seed": recipe.seed,
            "family": family.name,
            "template_arguments": family.template_arguments,
            "base_model": model,
            "dataset_fingerprint": data_manifest["fingerprint"],
            "problem_ids_sha256": data_manifest["problem_ids_sha256"],
            "recipe": asdict(recipe),
            "dtype": str(fast_dtype()).removeprefix("torch."),
            "adapter_sha256": hashlib.sha256((fresh / "adapter_model.safetensors").read_bytes()).hexdigest(),
            "train_loss": result.training_loss,
            "train_seconds": round(seconds, 1),
            "train_tokens": int(sum(len(item.input_ids) for item in encoded) * recipe.epochs),
            "versions": {name: version(name) for name in ("torch", "transformers", "peft", "stylerep")},
        }
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return out


def _arguments(recipe: Recipe, scratch: str) -> TrainingArguments:
    return TrainingArguments(
        output_dir=scratch,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        weight_decay=0.0,
        # Batches of similar prompts: little padding, and the same batches in every arm, because an
        # arm changes responses and never prompts.
        train_sampling_strategy="group_by_length",
        length_column_name="prompt_length",
        remove_unused_columns=False,
        seed=recipe.seed,
        data_seed=recipe.seed,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
    )
