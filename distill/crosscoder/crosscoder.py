"""A crosscoder (Lindsey et al. 2024, https://transformer-circuits.pub/2024/crosscoders/index.html)."""

import math

import torch
from torch import nn


class Crosscoder(nn.Module):
    """One dictionary of *features* for activations (n, models, layers, width), one decoder vector for each
    model and layer.

    An activation of a feature is ``relu(x · encoder + encoder_bias)``, x all models and layers together,
    where that times the feature's `weight` is above `threshold`, else 0; the reconstruction is the sum of
    decoder vectors, each as often as its feature is active, and `decoder_bias`. Activations are scaled
    before (`distill.crosscoder.activations.ActivationScale`).
    """

    encoder: nn.Parameter
    decoder: nn.Parameter

    def __init__(self, models: int, layers: int, width: int, features: int, seed: int = 0) -> None:
        """Begin with random directions, the same in every model: features are shared until training makes
        them otherwise.
        """
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        one = torch.randn(features, 1, layers, width, generator=generator)
        one /= one.flatten(1).norm(dim=1)[:, None, None, None]
        both = one.expand(features, models, layers, width).contiguous() / math.sqrt(models)
        self.decoder = nn.Parameter(both)
        self.encoder = nn.Parameter(both.flatten(1).T.clone())
        self.encoder_bias = nn.Parameter(torch.zeros(features))
        self.decoder_bias = nn.Parameter(torch.zeros(models, layers, width))
        self.threshold: torch.Tensor
        self.register_buffer("threshold", torch.zeros(()))

    @property
    def features(self) -> int:
        """How many features there are."""
        return len(self.decoder)

    @property
    def weight(self) -> torch.Tensor:
        """The sum of each feature's decoder norms over models and layers, (features): what an activation of
        it costs.
        """
        found: torch.Tensor = self.decoder.norm(dim=-1).flatten(1).sum(1)
        return found

    def before_threshold(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activations of features (n, features), 0 or more, threshold left out."""
        return torch.relu(x.flatten(1) @ self.encoder + self.encoder_bias)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activations of features, (n, features), most of them 0."""
        found = self.before_threshold(x)
        return found * (found * self.weight > self.threshold)

    def decode(self, activations: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction, (n, models, layers, width), from activations of features."""
        flat = activations @ self.decoder.flatten(1)
        return flat.reshape(-1, *self.decoder.shape[1:]) + self.decoder_bias


def relative_norms(decoder: torch.Tensor) -> torch.Tensor:
    """Return the relative decoder norms of features (features), from a decoder (features, 2, layers, width):
    0 where only the base model has the feature, 0.5 where both have it alike, 1 where only the adapter has.

    ``(1 + (‖adapter‖ − ‖base‖) / max(‖adapter‖, ‖base‖)) / 2``, Δ of Minder et al. 2025 (arXiv:2504.02922).
    Norms are over layers together.
    """
    base, adapter = decoder.flatten(2).norm(dim=2).unbind(1)
    found: torch.Tensor = (1 + (adapter - base) / torch.maximum(adapter, base).clamp_min(1e-12)) / 2
    return found
