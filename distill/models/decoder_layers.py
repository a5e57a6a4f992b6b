"""Finds the decoder layers of a causal language model of transformers, and what they put out."""

from typing import Any

import torch

from synth.errors import StylerepError


def decoder_layers(model: Any) -> list[torch.nn.Module]:
    """Return the decoder layers of a causal language model of transformers;
    raise StylerepError where they are not found.
    """
    count = model.config.get_text_config().num_hidden_layers
    lists = [
        list(module)
        for module in model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == count
    ]
    # Beside an encoder of as many layers, as of images,
    # those of the language model are the ones with a place in the cache.
    with_cache = [
        layers
        for layers in lists
        if all(any(hasattr(part, "layer_idx") for part in layer.modules()) for layer in layers)
    ]
    if not lists:
        raise StylerepError(
            f"The decoder layers of this {model.config.model_type} model were not found, so its activations"
            " cannot be read or changed."
        )
    return (with_cache or lists)[0]


def layer_output(output: Any) -> torch.Tensor | None:
    """Return the activations that a decoder layer put out, (rows, tokens, width), alone or before others;
    None where it put out something else.
    """
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    return first if isinstance(first, torch.Tensor) and first.dim() == 3 else None
