"""Steers a model while it writes: a direction of a pivot kind, added to what a layer puts out (Turner et al.,
2023, arXiv:2308.10248; Rimsky et al., 2024, arXiv:2312.06681).

A file of directions is a safetensors file: for each kind a tensor (layers, width), the mean difference of
activations at the output of each decoder layer, and in its metadata, under ``stylerep``, a JSON object (see
`harness_ext.backends.style_hf.steer_fit`).
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import ConfigDict, Field
from safetensors import SafetensorError, safe_open

from distill.models.decoder_layers import decoder_layers, layer_output
from distill.models.library_hooks import STEERING, not_taken
from harness_ext.backends.style_hf.digests import base_digest
from synth.errors import StylerepError
from synth.schema import Schema, open_regular, parse_json, read_as


class _Kind(Schema):
    model_config = ConfigDict(extra="ignore")
    layer: Annotated[int, Field(ge=0, lt=10_000)]


class _SteeringHeader(Schema):
    model_config = ConfigDict(extra="ignore")
    layers: Annotated[int, Field(ge=1, le=10_000)]
    base_sha256: str = ""
    dtype: str = ""
    kinds: dict[str, _Kind]


class Direction(NamedTuple):
    """A direction (width,) at a layer, counted from 0, and what its file says of it."""

    vector: torch.Tensor
    layer: int
    about: dict[str, Any]


def load_direction(path: Path, kind: str, layer: int | None) -> Direction:
    """Read the direction of a pivot kind; without *layer*, at the layer that told its places apart best.

    Raises StylerepError for a file that is none of ``stylerep steer fit``, or has no such kind or layer.
    """
    open_regular(path, "file of directions").close()
    try:
        with safe_open(path, framework="pt") as file:
            written = (file.metadata() or {})["stylerep"]
            kinds = list(file.keys())
            vectors = file.get_tensor(kind) if kind in kinds else None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise StylerepError(f"{path}: this is no file of stylerep steer fit.") from error
    about = parse_json(written, f"{path}, metadata stylerep")
    read = read_as(_SteeringHeader, about, f"{path}, metadata stylerep")
    if vectors is None:
        raise StylerepError(
            f"{path}: there is no direction of {kind} in it; it has {', '.join(sorted(kinds))}."
        )
    if vectors.ndim != 2 or not vectors.is_floating_point() or not vectors.isfinite().all():
        raise StylerepError(
            f"{path}: the directions of {kind} must be finite numbers, a row for each layer; found"
            f" {vectors.dtype} {list(vectors.shape)}."
        )
    if layer is None and kind not in read.kinds:
        raise StylerepError(
            f"{path}: its metadata says nothing of {kind}; name a layer with --model_args steer_layer."
        )
    chosen = read.kinds[kind].layer if layer is None else layer
    if not 0 <= chosen < len(vectors):
        raise StylerepError(
            f"--model_args steer_layer={chosen}: the directions of {path} are of {len(vectors)} layers, from"
            " 0 on."
        )
    return Direction(vectors[chosen], chosen, about)


class Steering:
    """*strength* times a direction, which a layer adds to what it puts out for each token that is read in the
    context `on`.

    Prompts and likelihoods are read outside of it. Whether a token is steered does not hang on what the layer
    is called with: transformers has had three names for a layer's cache, and layers that get it by place.
    """

    def __init__(self, model: Any, direction: Direction, strength: float) -> None:
        """Put the direction in place; raise StylerepError if it's of a model of other
        width, depth or weights; adapters don't count.
        """
        layers = decoder_layers(model)
        width = model.config.get_text_config().hidden_size
        if len(direction.vector) != width or direction.about["layers"] != len(layers):
            raise StylerepError(
                f"The directions are of a model with {direction.about['layers']} layers of width"
                f" {len(direction.vector)}; this one has {len(layers)} of {width}."
            )
        if _are_comparable(model, direction.about) and base_digest(model) != direction.about["base_sha256"]:
            raise StylerepError(
                "The directions were fitted on a model with other weights than this one; fit them on it with"
                " stylerep steer fit."
            )
        self._model, self._layer, self._strength = model, direction.layer, strength
        self._added = (strength * direction.vector.float()).to(model.dtype).to(model.device)
        self._is_on, self._times, self._seen = False, 0, False
        layers[direction.layer].register_forward_hook(self._add)

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Steer one pass of the model; raise StylerepError if the layer was not called in it,
        or nothing has changed in what it put out.
        """
        self._is_on, self._times = True, 0
        try:
            yield
        finally:
            self._is_on = False
        if self._times != 1:
            raise not_taken(
                STEERING, self._model, f"layer {self._layer} was called {self._times} times in one pass"
            )

    def _add(self, module: torch.nn.Module, arguments: Any, output: Any) -> Any:
        if not self._is_on:
            return None
        before = layer_output(output)
        if before is None:
            raise not_taken(
                STEERING,
                self._model,
                f"layer {self._layer} puts out {type(output).__name__} and no activations",
            )
        after = before + self._added
        if not self._seen and self._strength and torch.equal(before, after):
            raise StylerepError(
                f"--model_args steer_strength={self._strength:g} is so small that nothing changes in"
                f" {str(self._model.dtype).removeprefix('torch.')} at layer {self._layer}; choose a greater"
                " one, or 0."
            )
        self._times, self._seen = self._times + 1, True
        return (after, *output[1:]) if isinstance(output, (tuple, list)) else after


def _are_comparable(model: Any, about: dict[str, Any]) -> bool:
    """Say whether a model's weights can be told from those that a file of directions was fitted on.

    Older files have no digest of them. Quantized weights are others, and float16 rounds in its own way.
    """
    if not about.get("base_sha256") or getattr(model, "hf_quantizer", None) is not None:
        return False
    formats = {str(model.dtype), about.get("dtype")}
    return len(formats) == 1 or "torch.float16" not in formats
