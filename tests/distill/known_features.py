"""Activations of two models made of known features, which fire independently of each other."""

from collections.abc import Callable

import torch

from distill.crosscoder.crosscoder import Crosscoder

FEATURES, WIDTH = 12, 24


def known_activations(seed: int) -> tuple[torch.Tensor, Callable[[int], torch.Tensor]]:
    """Return the decoder vectors of 12 features (features, 2 models, 1 layer, width), orthogonal directions,
    and what draws so many activations (n, 2, 1, width) of them: of features 0 and 1 only the adapter has a
    vector, of feature 2 only the base, the others are of both.
    """
    generator = torch.Generator().manual_seed(seed)
    directions = torch.linalg.qr(torch.randn(WIDTH, WIDTH, generator=generator)).Q[:FEATURES]
    known = directions[:, None, None].repeat(1, 2, 1, 1) * WIDTH**0.5
    known[:2, 0] = 0
    known[2, 1] = 0

    def draw(n: int) -> torch.Tensor:
        fires = torch.rand(n, FEATURES, generator=generator) < 0.2
        strength = 0.5 + torch.rand(n, FEATURES, generator=generator)
        return torch.einsum("nf,fmlw->nmlw", fires * strength, known)

    return known, draw


def matched(crosscoder: Crosscoder, known: torch.Tensor) -> torch.Tensor:
    """Return of each known feature the feature of a crosscoder whose decoder vectors are most alike."""
    own = crosscoder.decoder.detach().flatten(1)
    own = own / own.norm(dim=1, keepdim=True)
    theirs = known.flatten(1) / known.flatten(1).norm(dim=1, keepdim=True)
    return (theirs @ own.T).argmax(1)
