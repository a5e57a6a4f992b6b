"""The generalised Jensen-Shannon divergence, without all logits in float32 at a time."""

import math
from typing import Any

import torch

# Rows in float32 at a time, by device: as many as stay in a processor's cache, or as fill a GPU.
_ROWS = {"cpu": 8}
_ELSEWHERE = 256


def summed_divergence(
    student: torch.Tensor, teacher: torch.Tensor, beta: float, weight: float = 1.0
) -> torch.Tensor:
    """Return *weight* times the generalised Jensen-Shannon divergence between teacher and student, summed
    over N tokens: a scalar in nats, of float32, or of float64 for such logits.

    *student* and *teacher* are logits (N, V). With distributions T and S, and M = beta T + (1 - beta) S, the
    divergence of a token is beta KL(T || M) + (1 - beta) KL(S || M) for *beta* between 0 and 1 (Agarwal et
    al., 2023, arXiv:2306.13649, equation 1). At 0 and 1, where that is 0, it is its limit by scale: the
    forward KL(T || S) at 0, the reverse KL(S || T) at 1. Only *student* has a gradient, which is made in the
    same pass and kept in the logits' format.
    """
    total: torch.Tensor = _Divergence.apply(student, teacher, beta, weight)  # type: ignore[no-untyped-call]
    return total


class _Divergence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, student: torch.Tensor, teacher: torch.Tensor, beta: float, weight: float
    ) -> torch.Tensor:
        exact = torch.float64 if student.dtype == torch.float64 else torch.float32
        total = student.new_zeros((), dtype=exact)
        gradient = torch.empty_like(student)
        count = _ROWS.get(student.device.type, _ELSEWHERE)
        parts = (torch.split(tensor, count) for tensor in (student, teacher, gradient))
        for mine, theirs, place in zip(*parts, strict=True):
            own, other = (torch.log_softmax(part, 1, dtype=exact) for part in (mine, theirs))
            value, slope = _of_rows(own, other, beta)
            total += value.sum() * weight
            place.copy_(slope.mul_(weight))
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        factor = gradients[0].item()
        return (gradient if factor == 1 else gradient * factor), None, None, None


def _of_rows(own: torch.Tensor, other: torch.Tensor, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the divergence of each token (n, 1) and its gradient by the student's logits (n, V), from log
    probabilities (n, V) of the student and of the teacher.
    """
    shares = own.exp()
    if beta == 0:
        theirs = other.exp()
        return (theirs * (other - own)).sum(1, keepdim=True), shares.sub_(theirs)
    mixed = other if beta == 1 else torch.logaddexp(own + math.log1p(-beta), other + math.log(beta))
    apart = own - mixed
    reverse = (shares * apart).sum(1, keepdim=True)
    slope = shares.mul_(apart.sub_(reverse))
    if beta == 1:
        return reverse, slope
    forward = (other.exp() * (other - mixed)).sum(1, keepdim=True)
    return beta * forward + (1 - beta) * reverse, slope.mul_(1 - beta)
