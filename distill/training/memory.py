"""Tells whether a training fits into memory, before the model is loaded."""

import contextlib
from pathlib import Path
from typing import Any

import torch

from distill.models.loading import empty_model
from distill.models.precision import fast_dtype
from distill.training.recipe import Recipe
from synth.errors import StylerepError

# Activations of one layer that wait for the backward pass, in multiples of a token's hidden state and of its
# MLP state: counted from the layers of a Llama. For SmolLM2-135M the sum came to 1.1 times the peak of the
# process (6.5 GB for 5.9; benchmarks/distilling.py speed, 2026-11-23).
_HIDDEN, _INNER = 16, 5
_PROCESS = 1.0e9


def needed_bytes(
    config: Any, recipe: Recipe, longest: int, tokens: int, checkpointing: bool, shards: int = 1
) -> tuple[float, int]:
    """Return an estimate of the bytes that a training holds at its peak on one device,
    and the model's number of parameters.

    *longest* row and *tokens* of a part, in tokens. Weights, gradients and AdamW's two moments (shared out
    over so many *shards*), activations, attention weights and logits are counted; the estimate is rough
    (within a third or so) and meant to find what cannot work.
    """
    model, text = empty_model(config), config.get_text_config()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    linear = [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and "lm_head" not in name
    ]
    adapters = recipe.rank * sum(module.in_features + module.out_features for module in linear)
    width = fast_dtype().itemsize
    trained = parameters if recipe.method == "full" else adapters
    quantised = sum(module.weight.numel() for module in linear) if recipe.method == "qlora" else 0
    frozen = 0 if recipe.method == "full" else (parameters - quantised) * width
    # 4 bits, and 0.13 of scales, are held whole by every process; of what is trained: float32,
    # gradients, moments
    weights = quantised * 0.52 + (frozen + trained * (4 + 4 + 8)) / shards
    hidden, inner, layers, heads = (
        _number(text, *names)
        for names in (
            ("hidden_size", "n_embd"),
            ("intermediate_size", "n_inner"),
            ("num_hidden_layers", "n_layer"),
            ("num_attention_heads", "n_head"),
        )
    )
    inner = inner or 4 * hidden
    seen = max(longest, tokens)
    layer: float = seen * (_HIDDEN * hidden + _INNER * inner) * width
    if not torch.cuda.is_available() and longest <= 2048:
        layer += seen * longest * heads * width * 0.6
    activations = layer * 2 + seen * hidden * layers * width if checkpointing else layer * layers
    logits = seen * text.vocab_size * width * 2
    return weights + activations + logits + _PROCESS, parameters


def check_memory(
    config: Any,
    recipe: Recipe,
    longest: int,
    tokens: int,
    checkpointing: bool,
    shards: int = 1,
    teacher: float = 0.0,
) -> int:
    """Return the number of parameters; raise StylerepError where the training, with the bytes that a
    *teacher* takes beside it (and its logits), needs clearly more memory than there is.
    """
    needed, parameters = needed_bytes(config, recipe, longest, tokens, checkpointing, shards)
    if teacher:
        vocabulary = int(config.get_text_config().vocab_size)
        needed += teacher + max(longest, tokens) * vocabulary * fast_dtype().itemsize
    free = available_bytes()
    if free is not None and needed > 1.5 * free:
        ways = ["--part-tokens with a smaller number"] if tokens > longest else []
        ways += ["--gradient-checkpointing"] if not checkpointing else []
        ways += ["--method lora"] if recipe.method == "full" else []
        raise StylerepError(
            f"This training needs about {needed / 1e9:.0f} GB of memory, and {free / 1e9:.0f} GB are free;"
            f" try {', or '.join([*ways, 'a smaller teacher'] if teacher else [*ways, 'a smaller model'])}."
        )
    return parameters


def available_bytes() -> float | None:
    """Return how much memory is free on the GPU, or for processes, within the limit of a container; None
    where the system does not say.
    """
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0])
    import psutil

    free = float(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):  # no control group, or no limit ("max")
        free = min(
            free, float((group / "memory.max").read_text()) - float((group / "memory.current").read_text())
        )
    return free


def _number(config: Any, *names: str) -> int:
    return next((int(getattr(config, name)) for name in names if getattr(config, name, None)), 0)
