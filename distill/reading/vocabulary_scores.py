"""Scores tokens against a whole vocabulary, a block of it at a time: what is computed stays in a processor's
cache, and the scores of a whole vocabulary are never held.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import linear

from synth.errors import StylerepError

_BLOCKS = {"cpu": (256, 1024)}
_ELSEWHERE = (256, 1 << 30)
"""Rows, and tokens of the vocabulary, that are scored at a time: as many as stay in a processor's cache, or
as fill a GPU.
"""


class VocabularyScores(Protocol):
    """Scores (logits) of a vocabulary of `size` tokens after each of some places."""

    @property
    def size(self) -> int:
        """How many tokens the vocabulary has."""

    def at(self, places: torch.Tensor) -> "VocabularyScores":
        """Return those of some places, shape (n,)."""

    def block(self, start: int, stop: int) -> torch.Tensor:
        """Return the scores of the tokens from *start* to *stop*, shape (places, tokens)."""

    def own(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the score of one token, of *tokens* (places,), at each place; shape (places,)."""


@dataclass(frozen=True, slots=True)
class WholeScores:
    """Scores that a model has computed itself, shape (places, vocabulary)."""

    logits: torch.Tensor

    @property
    def size(self) -> int:
        """How many tokens the vocabulary has."""
        return self.logits.shape[1]

    def at(self, places: torch.Tensor) -> "WholeScores":
        """Return those of some places."""
        return WholeScores(self.logits[places])

    def block(self, start: int, stop: int) -> torch.Tensor:
        """Return the scores of the tokens from *start* to *stop*."""
        return self.logits[:, start:stop]

    def own(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the score of one token at each place."""
        return self.logits.gather(1, tokens[:, None])[:, 0]


class OutputHead:
    """The layer of a model that makes scores of its hidden states, to be computed a block at a time."""

    def __init__(self, layer: Any, softcap: float | None) -> None:
        self._layer, self._softcap = layer, softcap
        self.size = len(layer.weight)

    @contextlib.contextmanager
    def idle(self) -> Iterator[list[torch.Tensor]]:
        """Let the model run without it; what it would have read is kept in the list."""
        read: list[torch.Tensor] = []

        def forward(states: torch.Tensor) -> torch.Tensor:
            read.append(states)
            return states[..., :1]

        self._layer.forward = forward
        try:
            yield read
        finally:
            del self._layer.forward

    def __call__(self, states: torch.Tensor, tokens: slice | torch.Tensor) -> torch.Tensor:
        """Return the scores of some tokens after hidden states (n, width), shape (n, tokens)."""
        bias = self._layer.bias
        logits = linear(states, self._layer.weight[tokens], None if bias is None else bias[tokens])
        return self._softcap * torch.tanh(logits / self._softcap) if self._softcap else logits


def output_head(model: Any) -> OutputHead | None:
    """Return the output layer of a model, None where it is no plain linear layer.

    What the model does to scores after it is not known, but for the cap that Gemma 2 has: compare.
    """
    layer = model.get_output_embeddings()
    if type(layer) is not torch.nn.Linear or "forward" in vars(layer):
        return None
    return OutputHead(layer, getattr(model.config.get_text_config(), "final_logit_softcapping", None))


@dataclass(frozen=True, slots=True)
class HeadScores:
    """Scores that are computed when they are asked for, from hidden states (places, width)."""

    states: torch.Tensor
    head: OutputHead

    @property
    def size(self) -> int:
        """How many tokens the vocabulary has."""
        return self.head.size

    def at(self, places: torch.Tensor) -> "HeadScores":
        """Return those of some places."""
        return HeadScores(self.states[places], self.head)

    def block(self, start: int, stop: int) -> torch.Tensor:
        """Return the scores of the tokens from *start* to *stop*."""
        return self.head(self.states, slice(start, stop))

    def own(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the score of one token at each place."""
        unique, number = tokens.unique(return_inverse=True)  # type: ignore[no-untyped-call]
        return self.head(self.states, unique).gather(1, number[:, None])[:, 0]


def surprisal_and_ranks(
    scores: VocabularyScores, asked: Sequence[tuple[int, int]], device: torch.device
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return surprisal, in nats, and rank, from 1 on, of each (place, token); of equal scores the better.

    Raises StylerepError for a likelihood that is no number.
    """
    places = torch.tensor([place for place, _ in asked], device=device)
    tokens = torch.tensor([token for _, token in asked], device=device)
    count, width = _BLOCKS.get(device.type, _ELSEWHERE)
    found = [
        _scored(scores.at(some), own, width)
        for some, own in zip(torch.split(places, count), torch.split(tokens, count), strict=True)
    ]
    nats = torch.cat([surprisal for surprisal, _ in found]).double().cpu().numpy()
    if not np.isfinite(nats).all():
        raise StylerepError("The model gives a token a likelihood that is no number; is the model whole?")
    return np.maximum(nats, 0.0), torch.cat([ranks for _, ranks in found]).cpu().numpy()


def _scored(scores: VocabularyScores, tokens: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    own = scores.own(tokens).float()
    total, better = torch.zeros_like(own), torch.zeros_like(own)
    for start in range(0, scores.size, width):
        block = scores.block(start, min(start + width, scores.size))
        above = block.to(torch.float32, copy=True).sub_(own[:, None])
        # A token is never above itself, however its score was rounded when it was computed alone.
        column = (tokens - start).clamp(0, above.shape[1] - 1)[:, None]
        here = (tokens >= start) & (tokens < start + above.shape[1])
        above.scatter_(1, column, above.gather(1, column).masked_fill_(here[:, None], 0.0))
        # Numbers rather than truth values: torch compares and adds those several times as fast.
        better += torch.gt(above, 0, out=torch.empty_like(above)).sum(1)
        total += above.exp_().sum(1)
    surprisal = total.log() + 0 * own  # no number where the score is none
    # Far below the likeliest token (88 nats), the sum is more than float32 holds.
    if len(far := (~surprisal.isfinite()).nonzero()[:, 0]):
        surprisal[far] = scores.at(far).block(0, scores.size).float().logsumexp(1) - own[far]
    return surprisal, better.long() + 1
