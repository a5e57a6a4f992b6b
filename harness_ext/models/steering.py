"""Steers a model while it writes: a direction of a pivot kind, added to what a layer puts out (Turner et al., 2023, arXiv:2308.10248; Rimsky et al., 2024,
arXiv:2312.06681).

A file of directions is a safetensors file: for each kind a tensor (layers, width), the mean difference of activations at the output of each decoder layer,
and in its metadata, under ``stylerep``, a JSON object (see `harness_ext.models.steer_fit`).
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open

from harness_ext.models.shelves import Shelves
from synth.errors import StylerepError


class Direction(NamedTuple):
    """A direction (width,) at a layer, counted from 0, and what its file says of it."""

    vector: torch.Tensor
    layer: int
    about: dict[str, Any]


def load_direction(path: Path, kind: str, layer: int | None) -> Direction:
    """Read the direction of a pivot kind; without *layer*, at the layer that told its places apart best.

    Raises StylerepError for a file that is none of ``stylerep steer fit``, or has no such kind or layer.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["stylerep"])
            kinds = list(file.keys())
            vectors = file.get_tensor(kind) if kind in kinds else None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise StylerepError(f"{path}: this is no file of stylerep steer fit.") from error
    if vectors is None:
        raise StylerepError(f"{path}: there is no direction of {kind} in it; it has {', '.join(sorted(kinds))}.")
    chosen = int(about["kinds"][kind]["layer"]) if layer is None else layer
    if chosen >= len(vectors):
        raise StylerepError(f"--model_args steer_layer={chosen}: the directions of {path} are of {len(vectors)} layers, from 0 on.")
    return Direction(vectors[chosen], chosen, about)


def decoder_layers(model: Any) -> list[torch.nn.Module]:
    """Return the decoder layers of a causal language model of transformers; raise StylerepError where they are not found."""
    count = model.config.get_text_config().num_hidden_layers
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return list(module)
    raise StylerepError(f"The decoder layers of this {model.config.model_type} model were not found, so it cannot be steered.")


def steer(model: Any, direction: Direction, strength: float) -> None:
    """Have a layer add *strength* times the direction to what it puts out for each token that is read while a response is written.

    Prompts and likelihoods are not steered. Raises StylerepError if the direction is of a model of another width or depth.
    """
    layers = decoder_layers(model)
    width = model.config.get_text_config().hidden_size
    if len(direction.vector) != width or direction.about["layers"] != len(layers):
        raise StylerepError(
            f"The directions are of a model with {direction.about['layers']} layers of width {len(direction.vector)}; this one has {len(layers)} of {width}."
        )
    added = (strength * direction.vector.float()).to(model.dtype).to(model.device)

    def hook(module: torch.nn.Module, arguments: Any, options: dict[str, Any], output: Any) -> Any:
        if not isinstance(options.get("past_key_values"), Shelves):
            return output
        return (output[0] + added, *output[1:]) if isinstance(output, tuple) else output + added

    layers[direction.layer].register_forward_hook(hook, with_kwargs=True)
