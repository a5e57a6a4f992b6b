"""Cross-entropy that never holds all logits in float32."""

from typing import Any

import torch

from distill.training.encode import IGNORED

# Logits in float32 at a time, by device: as many as stay in a processor's cache, or as fill a GPU.
_ROWS = {"cpu": 8}
_ELSEWHERE = 256


def summed_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    """Return *weight* times the summed cross-entropy (a float32 scalar, nats) of *logits* (N, V) against
    *targets* (N), those of `IGNORED` left out.

    Computed in float32, a few rows at a time; the gradient is made in the same pass and kept in the logits'
    format.
    """
    total: torch.Tensor = _CrossEntropy.apply(logits, targets, weight)  # type: ignore[no-untyped-call]
    return total


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, targets: torch.Tensor, weight: float) -> torch.Tensor:
        total = logits.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(logits)
        weights = (targets != IGNORED).unsqueeze(1) * weight
        index = targets.clamp(min=0).unsqueeze(1)
        count = _ROWS.get(logits.device.type, _ELSEWHERE)
        for part, share, wanted, place in zip(
            *(torch.split(tensor, count) for tensor in (logits, weights, index, gradient)), strict=True
        ):
            logs = torch.log_softmax(part, 1, dtype=torch.float32)
            total -= (logs.gather(1, wanted) * share).sum()
            shares = logs.exp_()
            shares.scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=shares.dtype))
            place.copy_(shares.mul_(share))
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        factor = gradients[0].item()
        return (gradient if factor == 1 else gradient * factor), None, None
