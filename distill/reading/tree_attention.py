"""Causal attention over a tree of tokens: each branch sees the tokens that precede it, and no other branch.

Registered with transformers under `NAME`, for models whose attention goes through its attention interface.
Nothing is kept for a backward pass.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

from distill.models.attention_call import missing_option, unknown_option
from distill.models.library_hooks import TREE, not_taken
from distill.reading.token_tree import TreeBranch

NAME = "stylerep_tree"
# Queries that are computed at a time, where they need a mask or scores, so that those stay small.
_BLOCK = 512
# Queries for each key of what precedes them, from which on that is read again rather than masked.
_FEW_BEFORE = 4


class VisibleBranches:
    """The branches that are in a model now, and the `calls` of its layers so far."""

    def __init__(self, branches: Sequence[TreeBranch] = ()) -> None:
        self.branches = branches
        self.calls: list[tuple[int, int | None, float | None]] = []
        self._masks: dict[tuple[int, int, int | None], torch.Tensor] = {}

    def check(self, model: Any) -> None:
        """Raise StylerepError unless the pass that has just ended asked for attention here once a layer,
        with all that the configuration says.
        """
        if missing := missing_option(model.config.get_text_config(), self.calls):
            raise not_taken(TREE, model, missing)

    def mask(self, count: int, length: int, window: int | None, like: torch.Tensor) -> torch.Tensor:
        """Return what hides keys from each of the last *count* queries of *length*: -inf or 0, shape (count,
        length). All layers of a pass take the same.
        """
        key = (count, length, window)
        if key not in self._masks:
            seen = torch.ones(count, length, dtype=torch.bool, device=like.device).tril(length - count)
            if window is not None:
                seen = seen.triu(length - count + 1 - window)
            self._masks[key] = like.new_zeros(count, length).masked_fill_(~seen, -torch.inf)
        return self._masks[key]


_now = VisibleBranches()


@contextlib.contextmanager
def branches(seen: Sequence[TreeBranch]) -> Iterator[VisibleBranches]:
    """Say what branches the one row of tokens is made of that a model sees."""
    global _now  # noqa: PLW0603 (attention functions are given nothing of ours)
    before, _now = _now, VisibleBranches(seen)
    try:
        yield _now
    finally:
        _now = before


def tree_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Return causal attention within each branch and what precedes it, shape (1, T, heads, size), for
    transformers' attention interface.

    *query* is (1, heads, T, size), *key* and *value* (1, key heads, T, size), T the tokens told to
    `branches`. Raises ValueError for what is not causal attention over such a tree.
    """
    seen = _now
    total = seen.branches[-1].stop if seen.branches else 0
    if attention_mask is not None or query.shape[0] != 1 or total != query.shape[2]:
        raise ValueError(f"no tree of tokens: {tuple(query.shape)} for {total} tokens")
    if (unknown := unknown_option(module, scaling, options)) or scaling is None:
        raise ValueError(unknown)
    seen.calls.append((getattr(module, "layer_idx", -1), sliding_window, softcap))
    out = query.new_empty(total, query.shape[1], value.shape[3])
    # What precedes a branch are the first tokens of the sequence before it: they stand here already.
    longest = max(one.before + one.stop - one.start for one in seen.branches)
    keys, values = (tensor.new_empty(1, tensor.shape[1], longest, tensor.shape[3]) for tensor in (key, value))
    for one in seen.branches:
        length = one.before + one.stop - one.start
        keys[:, :, one.before : length] = key[:, :, one.start : one.stop]
        values[:, :, one.before : length] = value[:, :, one.start : one.stop]
        attended = _attended(
            query[:, :, one.start : one.stop],
            keys[:, :, :length],
            values[:, :, :length],
            scaling,
            sliding_window,
            softcap,
        )
        out[one.start : one.stop] = attended[0].transpose(0, 1)
    return out[None], None


AttentionInterface.register(NAME, tree_attention)


def _attended(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scaling: float,
    window: int | None,
    softcap: float | None,
) -> torch.Tensor:
    """Return the attention (1, heads, count, size) of the last *count* tokens of a sequence."""
    count, length = query.shape[2], keys.shape[2]
    before = length - count
    windowed = window is not None and length > window
    if not softcap and not windowed and before * _FEW_BEFORE <= count:
        return _fused(pad(query, (0, 0, before, 0)), keys, values, None, scaling)[:, :, before:]
    parts = []
    for start in range(0, count, _BLOCK):
        part = query[:, :, start : start + _BLOCK]
        stop = before + start + part.shape[2]
        first = max(0, stop - part.shape[2] - window + 1) if window is not None else 0
        mask = _now.mask(part.shape[2], stop - first, window if windowed else None, query)
        given = (part, keys[:, :, first:stop], values[:, :, first:stop], mask, scaling)
        parts.append(_capped(*given, softcap) if softcap else _fused(*given))
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)


def _fused(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float,
) -> torch.Tensor:
    attended: torch.Tensor = scaled_dot_product_attention(
        query, keys, values, mask, is_causal=mask is None, scale=scaling, enable_gqa=True
    )
    return attended


def _capped(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scaling: float,
    softcap: float,
) -> torch.Tensor:
    _, heads, count, size = query.shape
    scores = torch.bmm((query[0] * scaling).reshape(keys.shape[1], -1, size), keys[0].transpose(1, 2))
    weights = (softcap * torch.tanh(scores / softcap)).view(heads, count, -1).add_(mask).softmax(-1)
    return torch.bmm(weights.view(*scores.shape), values[0]).view(1, heads, count, -1)
