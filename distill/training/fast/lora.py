"""LoRA layers that read the same input, computed as one product.

With weights W (out x in) and adapters A (r x in), B (out x r), a group of layers computes x [W1; W2; …; A1;
A2; …]' at once and adds s (x Ai') Bi' to each part. peft computes each layer's three products apart and,
since it keeps adapters in float32, casts input and output of each; here the masters stay in float32 and the
products run in the format of the model.
"""

from collections.abc import Sequence
from typing import Any

import torch

from distill.training.fast.shared_input import SharedInput

# Matrix libraries are up to half as fast at widths that are not a multiple of this.
_WIDTH = 64


class LoraGroup(SharedInput):
    """A group of peft LoRA layers of one input; its first layer computes for all, the others take their
    part.
    """

    def __init__(self, layers: Sequence[Any], adapter: str) -> None:
        super().__init__(layers)
        self._adapter = adapter
        bases = [layer.base_layer for layer in layers]
        self._outs = tuple(base.out_features for base in bases)
        self._scales = tuple(float(layer.scaling[adapter]) for layer in layers)
        self._ranks = tuple(layer.lora_A[adapter].out_features for layer in layers)
        wide, rank = sum(self._outs), sum(self._ranks)
        weight = bases[0].weight
        self._weight = weight.new_zeros(wide + rank + -(wide + rank) % _WIDTH, bases[0].in_features)
        self._bias = None if all(base.bias is None for base in bases) else weight.new_zeros(len(self._weight))
        start = 0
        for base, out in zip(bases, self._outs, strict=True):
            self._weight[start : start + out] = base.weight.data
            # one copy of the weights: the layer keeps a view
            base.weight.data = self._weight[start : start + out]
            if self._bias is not None and base.bias is not None:
                self._bias[start : start + out] = base.bias.data
            start += out

    def compute(self, x: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return what each layer puts out for *x* (…, in): a tensor (…, out) each."""
        downs = torch.cat([layer.lora_A[self._adapter].weight for layer in self.layers]).to(
            self._weight.dtype
        )
        ups = [layer.lora_B[self._adapter].weight.to(self._weight.dtype) for layer in self.layers]
        parts: Sequence[torch.Tensor] = _Products.apply(
            x, self._weight, self._bias, downs, self._outs, self._scales, *ups
        )  # type: ignore[no-untyped-call]
        return parts


class _Products(torch.autograd.Function):
    """x (…, in) -> one (…, out) for each layer; the frozen weights get no gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        downs: torch.Tensor,
        outs: Sequence[int],
        scales: Sequence[float],
        *ups: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        shape = x.shape
        x = x.to(weight.dtype).reshape(-1, shape[-1])
        wide = sum(outs)
        weight[wide : wide + len(downs)] = downs
        product = x @ weight.t() if bias is None else torch.addmm(bias, x, weight.t())
        results, lows, start, low = [], [], 0, wide
        for out, scale, up in zip(outs, scales, ups, strict=True):
            lows.append(product[:, low : low + up.shape[1]] * scale)
            results.append(
                torch.addmm(product[:, start : start + out], lows[-1], up.t()).view(*shape[:-1], out)
            )
            start, low = start + out, low + up.shape[1]
        ctx.save_for_backward(x, downs, *lows, *ups)
        ctx.weight, ctx.outs, ctx.scales, ctx.shape = weight, outs, scales, shape
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, downs, *saved = ctx.saved_tensors
        lows, ups = saved[: len(ctx.outs)], saved[len(ctx.outs) :]
        flat = [gradient.reshape(-1, out) for gradient, out in zip(gradients, ctx.outs, strict=True)]
        low = torch.cat(
            [gradient @ up * scale for gradient, up, scale in zip(flat, ups, ctx.scales, strict=True)], 1
        )
        of_ups = [gradient.t() @ value for gradient, value in zip(flat, lows, strict=True)]
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x, start = low @ downs, 0
            for gradient, out in zip(flat, ctx.outs, strict=True):
                of_x, start = torch.addmm(of_x, gradient, ctx.weight[start : start + out]), start + out
            of_x = of_x.view(ctx.shape)
        return of_x, None, None, low.t() @ x, None, None, *of_ups
