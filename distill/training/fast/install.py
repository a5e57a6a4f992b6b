"""Puts the fast parts in place where a model allows them, and checks that the model then computes the
same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import Linear as LoraLinear
from peft.tuners.tuners_utils import BaseTunerLayer

from distill.models.attention_call import missing_option
from distill.training.adapt import without_dropout
from distill.training.encode import Encoded, packed
from distill.training.fast.attention import NAME, rows
from distill.training.fast.lora import LoraGroup
from distill.training.fast.loss import summed_cross_entropy

# Tokens of each of the two rows that the check runs, and the relative error of gradients it allows. In
# bfloat16 the gradients of SmolLM2-135M are 5 to 8 per cent off those in float32 whichever way they are
# computed, on processors with AMX. So two ways differ by up to 11; another mask or position, by over half.
_CHECKED = 48
_SAMPLED = 10_000
_ALLOWED = {torch.bfloat16: 0.3, torch.float16: 0.3, torch.float32: 1e-3}


@dataclass
class Speed:
    """What's in place: whether rows are `packed` without padding, how many `groups` of LoRA layers are fused,
    and `notes` on what was left out and why.
    """

    packed: bool = False
    groups: int = 0
    notes: list[str] = field(default_factory=list)


def speed_up(model: Any, token_rows: Sequence[Sequence[int]], fuse: bool = True) -> Speed:
    """Pack rows without padding and, if *fuse*, compute LoRA layers of one input together; keep only what is
    shown to be right.

    *token_rows* are rows of training, of which the first two are run as a check, a few dozen tokens each:
    gradients with and without must agree. A part that fails, or that the model has no place for, is taken
    back and named in the notes of what is returned.
    """
    sample = [list(row[:_CHECKED]) for row in sorted(token_rows, key=len)[-2:]]
    speed = Speed()
    with _stirred(model):
        reference = _gradients(model, sample, packed_rows=False)
        before = model.config._attn_implementation
        failure = _try(lambda: model.set_attn_implementation(NAME), model, sample, reference)
        if failure:
            model.set_attn_implementation(before)
            speed.notes.append(f"rows are padded: {failure}")
            return speed
        speed.packed = True
        groups = _groups(model, sample) if fuse and isinstance(model, PeftModel) else []
        failure = _try(lambda: _install(groups), model, sample, reference)
        if idle := sum(not group.computed for group in groups):
            failure = failure or f"{idle} of {len(groups)} groups were passed by"
        if fuse and isinstance(model, PeftModel) and not groups:
            failure = f"none of its adapted layers is a plain LoRA of a linear layer ({_kinds(model)})"
        if failure:
            for group in groups:
                group.remove()
            speed.notes.append(f"adapters are computed one by one: {failure}")
        else:
            speed.groups = len(groups)
    return speed


def _install(groups: Sequence[LoraGroup]) -> None:
    for group in groups:
        group.install()


def _try(
    change: Callable[[], Any], model: Any, sample: Sequence[Sequence[int]], reference: torch.Tensor
) -> str:
    """Make a change; return why the model does not compute the same with it, an empty text if it does."""
    try:
        change()
        found = _gradients(model, sample, packed_rows=True)
    except (ValueError, TypeError, RuntimeError, AttributeError, KeyError) as error:
        return (
            "this model does not take it"
            f" ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
        )
    off = ((found - reference).norm() / reference.norm()).item()
    allowed = _ALLOWED.get(model.dtype, _ALLOWED[torch.float32])
    return "" if off <= allowed else f"gradients would be off by {off:.0%}"


def _gradients(model: Any, sample: Sequence[Sequence[int]], packed_rows: bool) -> torch.Tensor:
    """Return the gradient of the rows' cross-entropy by the trained parameters, up to 10,000 numbers spread
    over each, as one float32 vector.
    """
    # the first half as a prompt, so that rows may share a beginning
    halves = [Encoded(list(row), len(row) // 2) for row in sample]
    training = model.training
    without_dropout(model)
    model.zero_grad()
    for part in [halves] if packed_rows else [[row] for row in halves]:
        inputs = packed(part)
        targets, lengths, shared = (
            inputs.pop("targets").to(model.device),
            inputs.pop("lengths"),
            inputs.pop("shared"),
        )
        moved = {name: tensor.to(model.device) for name, tensor in inputs.items()}
        with (
            rows(lengths, shared) as seen,
            torch.autocast(model.device.type, torch.bfloat16, enabled=model.dtype == torch.bfloat16),
        ):
            loss = summed_cross_entropy(model(**moved, use_cache=False).logits[0], targets)
            if packed_rows and (missing := missing_option(model.config.get_text_config(), seen.calls)):
                raise ValueError(missing)
            torch.autograd.backward(loss)
    trained = [
        parameter.grad.detach().flatten()
        for parameter in model.parameters()
        if parameter.requires_grad and parameter.grad is not None
    ]
    found = [gradient[:: -(-len(gradient) // _SAMPLED)].float() for gradient in trained]
    model.zero_grad()
    model.train(training)
    return torch.cat(found)


class _stirred:  # a context manager
    """Give the second LoRA matrices, which begin as zeros, values for the time of the check: with zeros,
    those of the first have no gradient.
    """

    def __init__(self, model: Any) -> None:
        self._zeros = [
            parameter
            for name, parameter in model.named_parameters()
            if "lora_" in name and parameter.requires_grad and not parameter.any()
        ]

    def __enter__(self) -> None:
        self._kept = [parameter.detach().clone() for parameter in self._zeros]
        generator = torch.Generator().manual_seed(0)
        for parameter in self._zeros:
            noise = torch.randn(parameter.shape, generator=generator) * 0.02
            parameter.data.copy_(noise)

    def __exit__(self, *_: object) -> None:
        for parameter, kept in zip(self._zeros, self._kept, strict=True):
            parameter.data.copy_(kept)


def _groups(model: Any, sample: Sequence[Sequence[int]]) -> list[LoraGroup]:
    """Return groups of plain LoRA layers that follow each other in one module and read the same tensor."""
    calls: list[tuple[str, Any, torch.Tensor]] = []
    adapter = model.active_adapter
    layers = {name: layer for name, layer in model.named_modules() if _is_plain(layer, adapter)}
    if not layers:
        return []
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, inputs, name=name, layer=layer: calls.append(
                (name.rpartition(".")[0], layer, inputs[0])
            )
        )
        for name, layer in layers.items()
    ]
    try:
        with torch.no_grad(), rows([len(sample[0])]):
            ids = torch.tensor(sample[0], device=model.device).unsqueeze(0)
            model(
                input_ids=ids,
                position_ids=torch.arange(ids.shape[1], device=model.device).unsqueeze(0),
                use_cache=False,
            )
    finally:
        for hook in hooks:
            hook.remove()
    if len({id(layer) for _, layer, _ in calls}) < len(calls):
        return []  # some layer is called twice: which of its inputs goes with which group is not known
    keyed = groupby(calls, key=lambda call: (call[0], id(call[2]), call[1].lora_A[adapter].out_features))
    return [LoraGroup([layer for _, layer, _ in group], adapter) for _, group in keyed]


def _kinds(model: Any) -> str:
    """Name the kinds of layers that are adapted."""
    kinds = {
        f"{type(layer).__name__} of {type(layer.get_base_layer()).__name__}"
        for layer in model.modules()
        if isinstance(layer, BaseTunerLayer)
    }
    return ", ".join(sorted(kinds)) or "there are none"


def _is_plain(layer: Any, adapter: str) -> bool:
    return (
        isinstance(layer, LoraLinear)
        and type(layer.base_layer) is torch.nn.Linear
        and not layer.fan_in_fan_out
        and adapter in layer.lora_A
        and not layer.lora_variant
        and not layer.lora_bias[adapter]
        and isinstance(layer.lora_dropout[adapter], torch.nn.Identity)
        and layer.base_layer.weight.is_floating_point()
        and not layer.base_layer.weight.is_meta
    )
