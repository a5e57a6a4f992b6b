"""How well a crosscoder describes activations: explained variance of each model and of their difference."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from distill.crosscoder.activations import MODELS
from distill.crosscoder.crosscoder import Crosscoder


@dataclass(frozen=True, slots=True)
class CrosscoderQuality:
    """On `tokens` tokens: `explained` is the explained variance of each of `MODELS` at each layer (1 is all,
    0 as much as the mean), `difference` that of adapter less base, and `moved` how large that difference is:
    its variance as a share of the base's. `active` is the mean number of active features (L0), `dead` the
    share of features that were never active.
    """

    tokens: int
    explained: dict[str, list[float]]
    difference: list[float]
    moved: list[float]
    active: float
    dead: float


class QualityTally:
    """Adds up blocks of activations."""

    def __init__(self, crosscoder: Crosscoder) -> None:
        models, layers, width = crosscoder.decoder.shape[1:]
        self._crosscoder = crosscoder
        self._tokens = 0
        self._sums = torch.zeros(models + 1, layers, width, dtype=torch.float64)
        self._squares = torch.zeros(models + 1, layers, dtype=torch.float64)
        self._errors = torch.zeros(models + 1, layers, dtype=torch.float64)
        self._fired = torch.zeros(crosscoder.features, dtype=torch.long)

    def add(self, x: torch.Tensor) -> torch.Tensor:
        """Add scaled activations (n, models, layers, width); return those of features (n, features)."""
        active = self._crosscoder.encode(x)
        made = self._crosscoder.decode(active)
        seen = torch.cat([x, x[:, 1:2] - x[:, :1]], 1).double().cpu()
        missed = torch.cat([x - made, (x - made)[:, 1:2] - (x - made)[:, :1]], 1).double().cpu()
        self._tokens += len(x)
        self._sums += seen.sum(0)
        self._squares += seen.square().sum((0, 3))
        self._errors += missed.square().sum((0, 3))
        self._fired += (active > 0).sum(0).cpu()
        return active

    @property
    def fired(self) -> torch.Tensor:
        """On how many tokens each feature was active, (features)."""
        return self._fired

    def result(self) -> CrosscoderQuality:
        """Return what has been added up."""
        variance = self._squares - self._sums.square().sum(-1) / max(1, self._tokens)
        explained = 1 - self._errors / variance.clamp_min(1e-12)
        return CrosscoderQuality(
            self._tokens,
            {name: explained[number].tolist() for number, name in enumerate(MODELS)},
            explained[2].tolist(),
            (variance[2] / variance[0].clamp_min(1e-12)).tolist(),
            float(self._fired.sum()) / max(1, self._tokens),
            float((self._fired == 0).double().mean()),
        )


def quality_of(crosscoder: Crosscoder, blocks: Iterable[torch.Tensor]) -> CrosscoderQuality:
    """Return how well a crosscoder describes blocks of scaled activations."""
    tally = QualityTally(crosscoder)
    with torch.inference_mode():
        for block in blocks:
            tally.add(block)
    return tally.result()
