"""What a training leaves: weights, a model card, and the manifest that says how they came to be."""

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accelerate import PartialState

from distill.training.fast.install import Speed
from distill.training.model_card import model_card
from distill.training.output import unfinished_folder
from distill.training.trainer import StepTrainer
from synth.files.replace_folder import replace_folder

MANIFEST = "manifest.json"


def training_facts(trainer: StepTrainer, speed: Speed, state: PartialState) -> dict[str, Any]:
    """Return what a manifest says of a training that has ended."""
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return {
        "dtype": str(trainer.model.dtype).removeprefix("torch."),
        "packed": speed.packed,
        "fused_groups": speed.groups,
        "processes": state.num_processes,
        "train_loss": sum(losses) / len(losses),
        "versions": {
            name: version(name) for name in ("torch", "transformers", "peft", "accelerate", "stylerep")
        },
    }


def write_result(
    trainer: StepTrainer, tokenizer: Any, out: Path, manifest: dict[str, Any], rows: int, state: PartialState
) -> None:
    """Write what was trained, its manifest and its card; all processes take part,
    since a sharded model is gathered.
    """
    scratch = unfinished_folder(out) / "result"
    trainer.save_model(str(scratch))
    if not state.is_main_process:
        return
    with replace_folder(out) as fresh:
        for path in scratch.iterdir():
            if path.name != "training_args.bin":  # a pickle, which nothing here reads
                shutil.move(path, fresh / path.name)
        if tokenizer is not None:
            tokenizer.save_pretrained(fresh)
        digest = hashlib.sha256()
        for path in sorted(fresh.glob("*.safetensors")):
            digest.update(path.read_bytes())
        (fresh / MANIFEST).write_text(
            json.dumps({**manifest, "adapter_sha256": digest.hexdigest()}, indent=2) + "\n", encoding="utf-8"
        )
        (fresh / "README.md").write_text(model_card(manifest, rows), encoding="utf-8")
