"""Cross-entropy that never holds all logits in float32."""

from typing import Any

import torch

from distill.encode import IGNORED

_ROWS = 256


def summed_cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the summed cross-entropy (a float32 scalar, nats) of *logits* (N, V) against *targets* (N), those of `IGNORED` left out.

    Computed in float32, 256 rows at a time; the gradient is made in the same pass and kept in the logits' format.
    """
    total: torch.Tensor = _CrossEntropy.apply(logits, targets)  # type: ignore[no-untyped-call]
    return total


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        total = logits.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(logits)
        for start in range(0, len(logits), _ROWS):
            part, wanted = logits[start : start + _ROWS].float(), targets[start : start + _ROWS]
            counted = (wanted != IGNORED).unsqueeze(1)
            index = wanted.clamp(min=0).unsqueeze(1)
            logs = part.log_softmax(1)
            total -= (logs.gather(1, index) * counted).sum()
            shares = logs.exp_()
            shares.scatter_add_(1, index, torch.full_like(index, -1, dtype=shares.dtype))
            gradient[start : start + _ROWS] = shares.mul_(counted)
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0].to(gradient.dtype), None
