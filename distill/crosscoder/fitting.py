"""Fits a crosscoder to a stream of batches of activations."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch

from distill.crosscoder.crosscoder import Crosscoder

Sparsity = Literal["batchtopk", "l1"]
_CLIP = 1.0
_DEAD_AFTER = 100
"""Steps in which a feature was never active, after which it counts as dead."""
_DEAD_SHARE = 1 / 32
"""Of the loss of what dead features reconstruct of the residual (Gao et al. 2024, arXiv:2406.04093)."""
_KEPT = 0.99
"""Of the threshold's moving average, what is kept at each step."""


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a crosscoder is fitted: `sparsity` by BatchTopK with `k` active features a token (Bussmann et al.
    2024, arXiv:2412.06410; for crosscoders Minder et al. 2025, arXiv:2504.02922), or by an L1 penalty `l1` on
    activations times decoder norms (Lindsey et al. 2024). `rate` is the peak learning rate of Adam, reached
    after `warm_up` of the steps and falling to 0 over the last fifth.
    """

    sparsity: Sparsity = "batchtopk"
    k: int = 32
    l1: float = 2.0
    rate: float = 1e-3
    warm_up: float = 0.05
    precision: torch.dtype = torch.float32


def fit_crosscoder(
    crosscoder: Crosscoder,
    batches: Iterable[torch.Tensor],
    steps: int,
    settings: FitSettings,
    told: Callable[[int], None] = lambda _: None,
) -> None:
    """Fit a crosscoder to batches (n, models, layers, width), of which there are *steps*; *told* hears after
    each how many there have been.

    The loss is the squared error summed over models, layers and width, averaged over tokens; with L1 also the
    penalty, which grows from 0 over the first fifth. The decoder's bias begins as the mean of the first
    batch. With BatchTopK the threshold is learned: a moving average of the least activation, times its
    feature's weight, that was among the batch's top.
    """
    optimizer = torch.optim.Adam(crosscoder.parameters(), lr=settings.rate, betas=(0.9, 0.999))
    idle = torch.zeros(crosscoder.features, dtype=torch.long)
    device = crosscoder.decoder.device
    for step, batch in enumerate(batches):
        x = batch.to(device).float()
        if not step:
            with torch.no_grad():
                crosscoder.decoder_bias.copy_(x.mean(0))
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * _rate(step, steps, settings.warm_up)
        share = min(1.0, step / max(1, steps // 5))
        loss, active = _loss(crosscoder, x, settings, idle > _DEAD_AFTER, settings.l1 * share)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        torch.nn.utils.clip_grad_norm_(crosscoder.parameters(), _CLIP * len(x[0].flatten()) ** 0.5)
        optimizer.step()
        idle = torch.where(active, 0, idle + 1)
        told(step + 1)


def _rate(step: int, steps: int, warm_up: float) -> float:
    first, last = max(1, math.ceil(steps * warm_up)), max(1, steps // 5)
    return min(1.0, (step + 1) / first, (steps - step) / last)


def _loss(
    crosscoder: Crosscoder, x: torch.Tensor, settings: FitSettings, dead: torch.Tensor, l1: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of a batch, and which features were active in it."""
    with torch.autocast(x.device.type, settings.precision, enabled=settings.precision != torch.float32):
        found = crosscoder.before_threshold(x)
        weight = crosscoder.weight
        if settings.sparsity == "l1":
            active = found
            penalty = l1 * (found.float() * weight).sum(1).mean()
        else:
            score = found.detach() * weight.detach()
            least = _kth_largest(score, settings.k * len(x))
            active = found * (score >= least.clamp_min(1e-8))
            crosscoder.threshold.mul_(_KEPT).add_((1 - _KEPT) * least) if crosscoder.threshold else (
                crosscoder.threshold.copy_(least)
            )
            penalty = torch.zeros((), device=x.device)
        residual = x - crosscoder.decode(active).float()
        loss = residual.square().flatten(1).sum(1).mean() + penalty
        if settings.sparsity == "batchtopk" and dead.any():
            loss = loss + _DEAD_SHARE * _dead_loss(crosscoder, found, residual.detach(), dead)
    return loss, (active > 0).any(0).cpu()


def _dead_loss(
    crosscoder: Crosscoder, found: torch.Tensor, residual: torch.Tensor, dead: torch.Tensor
) -> torch.Tensor:
    """Return the squared error of the residual as dead features reconstruct it, each token's largest half."""
    own = found[:, dead]
    count = max(1, min(own.shape[1], crosscoder.decoder[0].numel() // 2))
    top = own.topk(count, dim=1)
    kept = torch.zeros_like(own).scatter(1, top.indices, top.values)
    made = kept @ crosscoder.decoder[dead].flatten(1)
    return (residual.flatten(1) - made.float()).square().sum(1).mean()


def _kth_largest(score: torch.Tensor, count: int) -> torch.Tensor:
    flat = score.flatten().float()
    if count >= len(flat):
        return flat.new_zeros(())
    return flat.kthvalue(len(flat) - count + 1).values
