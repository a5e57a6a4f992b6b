"""Computes linear layers with one input as one product, their adapters too, while nothing is trained.

A step of writing has few tokens, so that calls count: queries, keys and values are one product instead of
three, and a LoRA layer takes part of one product and adds a small one, where peft computes three and, keeping
adapters in float32, casts each. `distill.training.fast.lora` does the like in training, with
gradients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.tuners_utils import BaseTunerLayer
from torch.nn import functional

from distill.models.library_hooks import FUSED, not_taken
from distill.training.fast.shared_input import SharedInput

_ALLOWED = {torch.float32: 1e-4}
_ALLOWED_HALF = 0.02
"""Relative error that fusing may bring to what one layer puts out, for what it reads in the model. Over a
whole model, the rounding of bfloat16 alone grows to a third of the scores of right adapters (SmolLM2-135M),
and hides what a wrong layer does.
"""
_CHECKED = 8
# Matrix libraries are up to half as fast at widths that are not a multiple of this.
_WIDTH = 64


class FusedLinears(SharedInput):
    """Layers of one input, plain or adapted, with the weights of all in one matrix."""

    def __init__(self, layers: Sequence[Any]) -> None:
        super().__init__(layers)
        bases = [_base(layer) for layer in layers]
        self._outs = [base.out_features for base in bases]
        adapters = [_adapter(layer) for layer in layers]
        like = bases[0].weight
        downs = [down for pair in adapters if pair for down in pair[:1]]
        rows = [*(base.weight.data for base in bases), *(down.to(like) for down in downs)]
        spare = -sum(map(len, rows)) % _WIDTH if downs else 0
        self._weight = torch.cat([*rows, like.new_zeros(spare, like.shape[1])])
        self._ranks = [len(pair[0]) if pair else 0 for pair in adapters]
        self._ups = [pair[1].to(like).t().contiguous() if pair else None for pair in adapters]
        self._bias: torch.Tensor | None = None
        if any(base.bias is not None for base in bases):
            self._bias = like.new_zeros(len(self._weight))
        start = 0
        for base in bases:
            # one copy of the weights: the layer keeps a view
            base.weight.data = self._weight[start : start + base.out_features]
            if self._bias is not None and base.bias is not None:
                self._bias[start : start + base.out_features] = base.bias.data
            start += base.out_features

    def compute(self, x: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return what each layer puts out for *x* (…, in): a tensor (…, out) each."""
        product = functional.linear(x, self._weight, self._bias).flatten(0, -2)
        parts, start, low = [], 0, sum(self._outs)
        for out, rank, up in zip(self._outs, self._ranks, self._ups, strict=True):
            part = product[:, start : start + out]
            parts.append(
                (part if up is None else torch.addmm(part, product[:, low : low + rank], up)).view(
                    *x.shape[:-1], out
                )
            )
            start, low = start + out, low + rank
        return parts


@dataclass(frozen=True, slots=True)
class Fused:
    """The groups that are in place in a model, and a clause that says why there are none, where some were
    tried or adapters are left to peft.
    """

    groups: tuple[FusedLinears, ...] = ()
    note: str = ""

    def computed(self) -> tuple[int, ...]:
        """Return how often each group has computed."""
        return tuple(group.computed for group in self.groups)

    def check(self, model: Any, before: tuple[int, ...]) -> None:
        """Raise StylerepError for a group that has not computed since `computed` gave *before*,
        although the model has run.
        """
        if idle := [
            group for group, times in zip(self.groups, before, strict=True) if group.computed == times
        ]:
            raise not_taken(
                FUSED, model, f"{len(idle)} of {len(self.groups)} groups of fused layers were passed by"
            )


def fuse(model: Any) -> Fused:
    """Fuse what can be in a model that is not trained any more;
    nothing is fused if a layer's output was not the same then.

    Layers that are quantised, called twice, or adapted otherwise than by plain LoRA stay as they are.
    """
    tokens = torch.arange(_CHECKED, device=model.get_input_embeddings().weight.device)[None]
    model.requires_grad_(False)
    with torch.no_grad():
        groups = [FusedLinears(layers) for layers in _groups(model, tokens)]
        plain = _inputs_and_outputs(model, groups, tokens)
        for group in groups:
            group.install()
        off = max((_error(group, plain) for group in groups), default=0.0)
        before = [group.computed for group in groups]
        model(input_ids=tokens, use_cache=False)
    if not groups:
        adapted = [layer for layer in model.modules() if isinstance(layer, BaseTunerLayer)]
        return (
            Fused(note=f"none of its {len(adapted)} adapted layers is a plain LoRA of a linear layer")
            if adapted
            else Fused()
        )
    idle = sum(group.computed == times for group, times in zip(groups, before, strict=True))
    if not idle and off <= _ALLOWED.get(model.dtype, _ALLOWED_HALF):
        return Fused(tuple(groups))
    for group in groups:
        group.remove()
    return Fused(
        note=f"{idle} of {len(groups)} groups were passed by"
        if idle
        else f"what a layer puts out would be off by {off:.1%}"
    )


_Read = Mapping[int, tuple[torch.Tensor, torch.Tensor]]


def _inputs_and_outputs(model: Any, groups: Sequence[FusedLinears], tokens: torch.Tensor) -> _Read:
    """Return what each layer of the groups, by its id, reads and puts out when the model reads *tokens*."""
    read: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = [
        layer.register_forward_hook(
            lambda one, inputs, output: read.update({id(one): (inputs[0].clone(), output.clone())})
        )
        for group in groups
        for layer in group.layers
    ]
    try:
        model(input_ids=tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return read


def _error(group: FusedLinears, plain: _Read) -> float:
    """Return the largest relative error of what a group's layers put out, fused."""
    errors = []
    for layer in group.layers:
        x, output = plain[id(layer)]
        errors.append(float((layer(x) - output).float().norm() / output.float().norm()))
    return max(errors)


def _groups(model: Any, tokens: torch.Tensor) -> list[list[Any]]:
    """Return the layers to be fused: those that follow each other in one module and read the same tensor,
    and single ones that are adapted.
    """
    calls: list[tuple[str, Any, torch.Tensor]] = []
    layers = {name: layer for name, layer in model.named_modules() if _can_be(layer)}
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, inputs, name=name, layer=layer: calls.append(
                (name.rpartition(".")[0], layer, inputs[0])
            )
        )
        for name, layer in layers.items()
        if not any(
            name.startswith(f"{other}.") for other, outer in layers.items() if isinstance(outer, LoraLinear)
        )
    ]
    try:
        model(input_ids=tokens, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    times: dict[int, int] = {}
    for _, layer, _ in calls:
        times[id(layer)] = times.get(id(layer), 0) + 1
    tied = {id(model.get_input_embeddings().weight), *(id(parameter) for parameter in _tied(model))}
    calls = [call for call in calls if times[id(call[1])] == 1 and id(_base(call[1]).weight) not in tied]
    grouped = [
        [layer for _, layer, _ in group]
        for _, group in groupby(calls, key=lambda call: (call[0], id(call[2])))
    ]
    return [
        group
        for group in grouped
        if (len(group) > 1 or _adapter(group[0]))
        and len({(_base(one).weight.dtype, _base(one).weight.device) for one in group}) == 1
    ]


def _tied(model: Any) -> list[torch.Tensor]:
    output = model.get_output_embeddings()
    return [] if output is None else [output.weight]


def _base(layer: Any) -> Any:
    return layer.base_layer if isinstance(layer, LoraLinear) else layer


def _can_be(layer: Any) -> bool:
    base = _base(layer)
    if type(base) is not torch.nn.Linear or not base.weight.is_floating_point() or base.weight.is_meta:
        return False
    if not isinstance(layer, LoraLinear):
        return True
    adapters = layer.active_adapters
    return (
        not layer.merged
        and not layer.fan_in_fan_out
        and not layer.lora_variant
        and len(adapters) == 1
        and not layer.lora_bias[adapters[0]]
    )


def _adapter(layer: Any) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return A (rank, in) and B (out, rank), times its scale, of an adapted layer."""
    if not isinstance(layer, LoraLinear) or layer.active_adapters[0] not in layer.lora_A:
        return None
    name = layer.active_adapters[0]
    return layer.lora_A[name].weight.data, layer.lora_B[name].weight.data * layer.scaling[name]
