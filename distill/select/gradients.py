"""Gradients of single training rows with respect to an adapter, reduced to a few thousand numbers each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from distill.training.encode import Encoded, padded

DIMENSIONS = 4096


class Sketch:
    """A count sketch: coordinates fall into *dimensions* buckets at random, each with a random sign,
    and a bucket keeps its sum.

    Inner products, hence norms and angles, are kept without bias, with a variance of about |x|²|y|² /
    dimensions (Charikar et al. 2002, doi:10.1007/3-540-45465-9_59; Weinberger et al. 2009, arXiv:0902.2206).
    The buckets here are of equal size: a random order, cut and summed, so that the same numbers are added in
    the same order on a GPU too. Memory: five bytes a coordinate.
    """

    def __init__(
        self,
        coordinates: int,
        dimensions: int = DIMENSIONS,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._dimensions, self._places = dimensions, -(-coordinates // dimensions) * dimensions
        self._order = torch.randperm(coordinates, generator=generator).to(device, torch.int32)
        self._signs = (torch.randint(0, 2, (coordinates,), generator=generator, dtype=torch.int8) * 2 - 1).to(
            device
        )

    def __call__(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the sketch, shape (dimensions,), float32,
        of a vector given as tensors that are put end to end.
        """
        flat = torch.cat([part.reshape(-1) for part in parts]).float()
        signed = torch.nn.functional.pad(
            flat.index_select(0, self._order) * self._signs, (0, self._places - len(flat))
        )
        return signed.view(-1, self._dimensions).sum(dim=0)


@dataclass(frozen=True, slots=True)
class RowGradient:
    """The norm of the gradient of one row's mean loss in nats a token, and the gradient's sketch, shape
    (dimensions,); `tokens` are those with a label.
    """

    loss: float
    norm: float
    tokens: int
    sketch: torch.Tensor


def row_gradients(
    model: Any, rows: Iterable[Encoded], sketch: Sketch, pad_token_id: int
) -> Iterator[RowGradient]:
    """Yield the gradient of each row's mean loss by the parameters of *model* that are trainable (an
    adapter's, in float32).

    One row at a time: a batch would give the sum over its rows.
    The model keeps its mode and its weights; nothing is left in ``.grad``.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for row in rows:
        loss, tokens = _mean_loss(model, row, pad_token_id)
        # A part of the model that a row does not reach (an expert, say) has a gradient of zero.
        parts = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(part) for part in parts]))
        yield RowGradient(loss.item(), norm.item(), tokens, sketch(parts).cpu())


def row_losses(model: Any, rows: Iterable[Encoded], pad_token_id: int) -> Iterator[tuple[float, int]]:
    """Yield each row's mean loss under *model* in nats a token, and how many tokens have a label."""
    for row in rows:
        with torch.no_grad():
            loss, tokens = _mean_loss(model, row, pad_token_id)
        yield loss.item(), tokens


def _mean_loss(model: Any, row: Encoded, pad_token_id: int) -> tuple[torch.Tensor, int]:
    """Return the mean cross-entropy over the labelled tokens and their number;
    logits are computed only where there is a label.
    """
    device = next(model.parameters()).device
    inputs = {name: tensor.to(device) for name, tensor in padded([row], pad_token_id).items()}
    targets = inputs.pop("targets").flatten()
    logits = model(**inputs).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets), len(targets)
