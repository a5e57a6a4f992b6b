"""vLLM's processors of logits: what a batch tells them, and the one that wraps a callable for each
request.
"""

import inspect
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any

import torch


class MoveDirectionality(Enum):
    """Whether a request takes another one's place, or they change places."""

    UNIDIRECTIONAL = auto()
    SWAP = auto()


@dataclass(frozen=True)
class BatchUpdate:
    """What changed in the batch: places removed, (place, params, prompt, output) added, (from, to,
    direction) moved, in this order.
    """

    batch_size: int
    removed: list[int]
    added: list[tuple[int, Any, list[int] | None, list[int]]]
    moved: list[tuple[int, int, MoveDirectionality]]


class AdapterLogitsProcessor:
    """Keeps one callable for each request that wants one; of three parameters it gets the prompt too."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self.req_info: dict[int, partial[torch.Tensor]] = {}

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow the batch."""
        if batch_update is None:
            return
        for place in batch_update.removed:
            self.req_info.pop(place, None)
        for place, params, prompt, output in batch_update.added:
            self.req_info.pop(place, None)
            if (one := self.new_req_logits_processor(params)) is not None:  # type: ignore[attr-defined]
                several = len(inspect.signature(one).parameters) == 3
                self.req_info[place] = partial(one, prompt, output) if several else partial(one, output)
        for origin, target, direction in batch_update.moved:
            first, second = self.req_info.pop(origin, None), self.req_info.pop(target, None)
            if first is not None:
                self.req_info[target] = first
            if second is not None and direction is MoveDirectionality.SWAP:
                self.req_info[origin] = second

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Change the rows of a batch (requests x vocabulary)."""
        for place, change in self.req_info.items():
            row = logits[place]
            changed = change(row)
            if changed is not row:
                logits[place] = changed
        return logits
