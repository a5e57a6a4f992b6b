"""Experimental: models with random weights, and how large they are."""

from typing import Any

from distill.experimental.scratch.shapes import configuration


def new_model(architecture: str, size: str, seed: int) -> Any:
    """Return a model with random weights in float32, the same for the same seed."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(configuration(architecture, size), dtype=torch.float32)


def parameters(architecture: str, size: str) -> int:
    """Return the number of parameters, embeddings included."""
    from distill.models.loading import empty_model

    return sum(one.numel() for one in empty_model(configuration(architecture, size)).parameters())
