"""Reads the activations of a model with its adapter and without it, on the same tokens."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from distill.crosscoder.rows import CrosscodedRow
from distill.models.decoder_layers import decoder_layers, layer_output
from distill.models.library_hooks import BOTH_ACTIVATIONS, not_taken
from synth.errors import StylerepError
from synth.traces.trace_rows import batches

MODELS = ("base", "adapter")
"""The two models whose activations stand beside each other, in this order."""
_WINDOW = 64
"""Rows among which those of like length are read together."""
_BATCH_TOKENS = 2048
OUTLIER = 10.0
"""So many times the usual norm, an activation is an outlier: an attention sink, which would be most of the
variance that is to be explained.
"""


class _EnoughRead(Exception):
    """The last layer that is wanted has put out its activations."""


class PairReader:
    """Reads rows with one model of peft, its adapter switched off and on, up to the last layer wanted."""

    def __init__(self, model: Any, layers: Sequence[int]) -> None:
        """Take a model of peft and its *layers*, counted from 0; raise StylerepError for one it lacks."""
        self._model, self._layers = model.eval(), tuple(layers)
        self._decoder = decoder_layers(model)
        for layer in self._layers:
            if not 0 <= layer < len(self._decoder):
                raise StylerepError(
                    f"There is no layer {layer}: this model has {len(self._decoder)}, from 0 on."
                )

    def read(self, rows: Sequence[CrosscodedRow]) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield of each row its place in *rows* and its activations, (tokens of the response, 2 models,
        layers, width) in float32. Rows come in an order in which like lengths stand together.
        """
        for window in batches(range(len(rows)), _WINDOW):
            waiting = sorted(window, key=lambda number: len(rows[number].ids))
            while waiting:
                longest, batch = 0, list[int]()
                while waiting and (
                    not batch or (len(batch) + 1) * max(longest, len(rows[waiting[0]].ids)) <= _BATCH_TOKENS
                ):
                    longest = max(longest, len(rows[waiting[0]].ids))
                    batch.append(waiting.pop(0))
                yield from zip(batch, self._both([rows[number] for number in batch]), strict=True)

    def _both(self, rows: Sequence[CrosscodedRow]) -> list[torch.Tensor]:
        device = self._model.device
        length = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), length, dtype=torch.long)
        mask = torch.zeros(len(rows), length, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids)] = torch.tensor(row.ids)
            mask[number, : len(row.ids)] = 1
        ids, mask = ids.to(device), mask.to(device)
        with torch.inference_mode():
            with self._model.disable_adapter():
                base = self._pass(ids, mask)
            adapter = self._pass(ids, mask)
        both = torch.stack([base, adapter], 2)
        return [both[number, row.start : len(row.ids)].float() for number, row in enumerate(rows)]

    def _pass(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return what the layers put out, (rows, tokens, layers, width)."""
        seen: dict[int, torch.Tensor] = {}
        calls = 0

        def take(layer: int, output: Any) -> None:
            nonlocal calls
            found = layer_output(output)
            calls += 1
            if found is not None and found.shape[:2] == ids.shape:
                seen[layer] = found
            if layer == max(self._layers):
                raise _EnoughRead

        with contextlib.ExitStack() as hooked:
            for layer in self._layers:
                hook = self._decoder[layer].register_forward_hook(
                    lambda _, __, output, layer=layer: take(layer, output)
                )
                hooked.callback(hook.remove)
            with contextlib.suppress(_EnoughRead):
                self._model(input_ids=ids, attention_mask=mask, use_cache=False)
        if len(seen) != len(self._layers) or calls != len(self._layers):
            raise not_taken(
                BOTH_ACTIVATIONS,
                self._model,
                f"{len(seen)} of {len(self._layers)} layers put out activations, in {calls} calls",
            )
        return torch.stack([seen[layer] for layer in self._layers], 2)


@dataclass(frozen=True, slots=True)
class ActivationScale:
    """What each model's activations at each layer are multiplied by, (2, layers), so that their mean norm is
    the square root of their width; more than `OUTLIER` times that, and a token is an outlier.
    """

    factor: torch.Tensor

    def apply(self, activations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return activations (tokens, 2, layers, width) scaled, and for each token whether it is no outlier
        (tokens).
        """
        scaled = activations * self.factor.to(activations.device)[..., None]
        usual = float(activations.shape[-1]) ** 0.5
        return scaled, (scaled.norm(dim=-1) <= OUTLIER * usual).flatten(1).all(1)


def scale_of(activations: torch.Tensor) -> ActivationScale:
    """Return the scale of activations (tokens, 2, layers, width), from those within `OUTLIER` times the
    median norm.
    """
    norms = activations.norm(dim=-1)
    usual = norms.median(0).values
    within = norms <= OUTLIER * usual
    mean = (norms * within).sum(0) / within.sum(0)
    if not (mean > 0).all() or not mean.isfinite().all():
        raise StylerepError("The activations at this layer are all 0, or not finite; choose another layer.")
    return ActivationScale(activations.shape[-1] ** 0.5 / mean)


def blocks(
    reader: PairReader, rows: Sequence[CrosscodedRow], told: Callable[[int], None]
) -> Iterator[torch.Tensor]:
    """Yield the activations of rows, in their reader's order, (tokens, 2, layers, width) for each row; *told*
    hears how many rows have been read.
    """
    for done, (_, activations) in enumerate(reader.read(rows), 1):
        yield activations
        told(done)
