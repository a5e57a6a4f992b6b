"""Digests of weights as they are in memory, whatever folder, name or adapter they came from."""

import hashlib
from collections.abc import Iterable
from typing import Any

import torch

from distill.models.library_hooks import ADAPTER_WEIGHTS, not_taken


def weight_digests(model: torch.nn.Module) -> tuple[str, str | None]:
    """Return the SHA-256 of a model's own weights and that of its adapter's, None if it has none.

    Both go by name, shape, number format and bytes. About 2 GB a second. Raises StylerepError where an
    adapter's weights are not told from the model's.
    """
    own: list[tuple[str, torch.Tensor]] = []
    adapter: list[tuple[str, torch.Tensor]] = []
    for name, weight in sorted(model.state_dict().items()):
        (adapter if ".lora_" in name or ".modules_to_save." in name else own).append((name, weight))
    if hasattr(model, "peft_config") and not adapter:
        raise not_taken(ADAPTER_WEIGHTS, model, f"none of {len(own)} weights is told to be an adapter's")
    return _digest(own), _digest(adapter) if adapter else None


def base_digest(model: torch.nn.Module) -> str:
    """Return the SHA-256 of a model's own weights, rounded to bfloat16.

    It's the same with an adapter and without, and in float32 and bfloat16.
    """
    own = (
        (name.removeprefix("base_model.model.").replace(".base_layer.", "."), weight)
        for name, weight in model.state_dict().items()
        if ".lora_" not in name and ".modules_to_save." not in name
    )
    return _digest(
        (name.replace(".original_module.", "."), weight.bfloat16() if weight.is_floating_point() else weight)
        for name, weight in sorted(own, key=lambda one: one[0])
    )


def _digest(weights: Iterable[tuple[str, Any]]) -> str:
    found = hashlib.sha256()
    for name, weight in weights:
        tensor = weight.detach()
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype} ".encode())
        found.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()
