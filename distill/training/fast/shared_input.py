"""Computes layers that read the same input together: the first computes for all, the others take
their part.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch


class SharedInput:
    """A group of layers of one input. A subclass says in `compute` what all of them put out; `computed` is
    how often all parts of that were taken.
    """

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)
        self._plain: list[Callable[..., torch.Tensor]] = [layer.forward for layer in layers]
        self._input: torch.Tensor | None = None
        self._rest: dict[int, torch.Tensor] = {}
        self.computed = 0

    def compute(self, x: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return what each layer puts out for *x* (…, in): a tensor (…, out) each."""
        raise NotImplementedError

    def install(self) -> None:
        """Let the layers compute together."""
        for index, layer in enumerate(self.layers):
            layer.forward = self._first if index == 0 else self._other(index)

    def remove(self) -> None:
        """Let the layers compute as before."""
        for layer, plain in zip(self.layers, self._plain, strict=True):
            layer.forward = plain

    def _first(self, x: torch.Tensor) -> torch.Tensor:
        first, *rest = self.compute(x)
        self._input, self._rest = x, dict(enumerate(rest, 1))
        self.computed += not rest
        return first

    def _other(self, index: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def forward(x: torch.Tensor) -> torch.Tensor:
            if x is not self._input or index not in self._rest:  # called alone or with another input
                return self._plain[index](x)
            part = self._rest.pop(index)
            if not self._rest:
                self._input = None
                self.computed += 1
            return part

        return forward
