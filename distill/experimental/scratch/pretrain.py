"""Experimental: trains a model from nothing on the curriculum."""

import contextlib
import functools
import hashlib
import itertools
import json
import math
import os
import pickle
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from rich.console import Console

from distill.experimental.scratch.batches import GROUP_STEPS, STEP_TOKENS, Batch, group_batches, steps_of
from distill.experimental.scratch.curriculum import sample
from distill.experimental.scratch.names import ScratchModel
from distill.experimental.scratch.new_model import new_model
from distill.experimental.scratch.shapes import SIZES
from distill.experimental.scratch.tokenizer import train_tokenizer
from distill.models.allocator import keep_freed_memory
from distill.models.cache import MANIFEST
from distill.models.precision import fast_dtype
from distill.training.encode import IGNORED
from distill.training.output import unfinished_folder
from distill.training.progress import TrainingProgress
from synth.files.lock import hold
from synth.files.replace_folder import replace_folder
from synth.terminal import make_console

_WARM_UP, _BETAS, _WEIGHT_DECAY, _LARGEST_GRADIENT = 0.05, (0.9, 0.95), 0.1, 1.0
_CURVE = 20
_SAMPLE = 2000


def pull_scratch(model: ScratchModel, console: Console | None = None, save_minutes: float = 2.0) -> Path:
    """Return the folder of a model, trained now if it has not been.

    A training that was interrupted goes on from its latest checkpoint, at most *save_minutes* before, with
    the same result. The folder appears whole when training has ended; its manifest holds the recipe and the
    record of the training. While another command trains the same model, its end is awaited.
    """
    if done := model.trained_folder():
        return done
    console = console or make_console(stderr=True)
    with hold(model.folder(), console.print):
        return model.trained_folder() or _pull(model, model.folder(), console, save_minutes)


def _pull(model: ScratchModel, folder: Path, console: Console, save_minutes: float) -> Path:
    trained, tokenizer, record = _train(model, unfinished_folder(folder), console, save_minutes)
    with replace_folder(folder) as fresh:
        trained.to("cpu", torch.bfloat16).save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
        digest = hashlib.sha256((fresh / "model.safetensors").read_bytes()).hexdigest()
        manifest = {
            "name": model.name,
            "source": "trained from nothing by stylerep",
            "recipe": model.recipe(),
            "record": record,
            "sha256": digest,
        }
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(unfinished_folder(folder), ignore_errors=True)
    return folder


@functools.cache
def scratch_tokenizer() -> Any:
    """Return the tokenizer of all models trained from nothing; it takes some seconds."""
    return train_tokenizer(f"{row.message}\n{row.response}" for row in sample(_SAMPLE))


def _train(
    model: ScratchModel, unfinished: Path, console: Console, save_minutes: float
) -> tuple[Any, Any, dict[str, Any]]:
    """Train; return the model, its tokenizer and the record of the training."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        keep_freed_memory()
    tokenizer, total = scratch_tokenizer(), steps_of(model.tokens)
    state = _State(
        new_model(model.architecture, model.size, model.seed).to(device),
        SIZES[model.size].learning_rate,
        unfinished,
    )
    if state.resume():
        console.print(f"Going on from step {len(state.losses)} of {total}.")
    told = SimpleNamespace(global_step=len(state.losses), max_steps=total)
    progress = TrainingProgress(console, model.name)
    with contextlib.closing(progress):
        progress.on_train_begin(None, told, None)
        saved = began = time.monotonic()
        for group in range(len(state.losses) // GROUP_STEPS, -(-total // GROUP_STEPS)):
            for batch in group_batches(tokenizer, model.seed, group, total, model.sources):
                state.step(batch, _share(len(state.losses), total), device)
                told.global_step = len(state.losses)
                progress.on_log(None, told, None, {"loss": state.losses[-1]})
                progress.on_step_end(None, told, None)
            if time.monotonic() - saved >= save_minutes * 60 and len(state.losses) < total:
                state.save(time.monotonic() - began)
                saved = time.monotonic()
    return state.model, tokenizer, _record(state, time.monotonic() - began)


class _State:
    """A model in training, its optimiser, and the losses of the steps done."""

    def __init__(self, model: Any, rate: float, unfinished: Path) -> None:
        self.model, self._rate, self._file = model, rate, unfinished / "checkpoint.pt"
        self._optimizer = torch.optim.AdamW(
            model.parameters(), lr=rate, betas=_BETAS, weight_decay=_WEIGHT_DECAY, fused=True
        )
        self.losses: list[float] = []
        self.tokens, self.seconds, self.resumed = 0, 0.0, False
        model.train()

    def step(self, batch: Batch, share: float, device: torch.device) -> None:
        """Train on a batch at a *share* of the peak learning rate;
        the loss is the mean over the labelled tokens.
        """
        inputs, labels = (tensor.to(device) for tensor in batch)
        targets = labels[:, 1:]
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * share
        with torch.autocast(device.type, torch.bfloat16, enabled=fast_dtype() == torch.bfloat16):
            # No row has padding on its left, so that causal attention needs no mask.
            hidden = self.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state[:, :-1][
                targets != IGNORED
            ]
            logits = self.model.get_output_embeddings()(hidden)
        loss = torch.nn.functional.cross_entropy(logits.float(), targets[targets != IGNORED])
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _LARGEST_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.losses.append(loss.item())
        self.tokens += int((inputs != self.model.config.pad_token_id).sum())

    def save(self, seconds: float) -> None:
        """Write a checkpoint in place of the one before."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "losses": self.losses,
            "tokens": self.tokens,
        }
        fresh = self._file.with_suffix(f".{os.getpid()}")
        torch.save({**content, "seconds": self.seconds + seconds}, fresh)
        fresh.replace(self._file)

    def resume(self) -> bool:
        """Go on from the checkpoint if there is one that can be read."""
        try:
            found = torch.load(self._file, weights_only=True)
            self.model.load_state_dict(found["model"])
            self._optimizer.load_state_dict(found["optimizer"])
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
            return False
        self.losses, self.tokens, self.seconds, self.resumed = (
            found["losses"],
            found["tokens"],
            found["seconds"],
            True,
        )
        return True


def _share(step: int, total: int) -> float:
    """Return the share of the peak learning rate: a linear warm-up, then half a cosine."""
    warm_up = max(1, round(_WARM_UP * total))
    return min((step + 1) / warm_up, (1 + math.cos(math.pi * step / total)) / 2)


def _record(state: _State, seconds: float) -> dict[str, Any]:
    """Return what came of a training and on what machine;
    `loss_curve` has the mean loss of each twentieth of the steps.
    """
    seconds += state.seconds
    cuts = [round(part * len(state.losses) / _CURVE) for part in range(_CURVE + 1)]
    parts = [state.losses[first:last] for first, last in itertools.pairwise(cuts) if last > first]
    return {
        "steps": len(state.losses),
        "step_tokens": STEP_TOKENS,
        "tokens": state.tokens,
        "parameters": sum(parameter.numel() for parameter in state.model.parameters()),
        "loss_curve": [round(sum(part) / len(part), 4) for part in parts],
        "seconds": round(seconds, 1),
        "tokens_per_second": round(state.tokens / seconds),
        "resumed": state.resumed,
        "device": next(state.model.parameters()).device.type,
        "threads": torch.get_num_threads(),
        "number_format": str(fast_dtype()).removeprefix("torch."),
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers", "stylerep")},
    }
