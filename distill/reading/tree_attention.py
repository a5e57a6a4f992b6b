"""Causal attention over a tree of tokens: each branch sees the tokens that precede it, and no other branch.

Registered with transformers under `NAME`, for models whose attention goes through its attention interface.
Nothing is kept for a backward pass.
"""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import AttentionInterface

from distill.models.attention_call import missing_option, unknown_option
from distill.models.library_hooks import TREE, not_taken
from distill.reading.token_tree import TreeBranch

NAME = "stylerep_tree"
# Queries of a branch that are computed at a time, so that scores of long traces stay small.
_BLOCK = 512


class VisibleBranches:
    """The branches that are in a model now, and the `calls` of its layers so far."""

    def __init__(self, branches: Sequence[TreeBranch] = ()) -> None:
        self.branches = branches
        self.calls: list[tuple[int, int | None, float | None]] = []

    def check(self, model: Any) -> None:
        """Raise StylerepError unless the pass that has just ended asked for attention here once a layer,
        with all that the configuration says.
        """
        if missing := missing_option(model.config.get_text_config(), self.calls):
            raise not_taken(TREE, model, missing)


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
    for branch in seen.branches:
        spans = (*branch.path, (branch.start, branch.stop))
        keys, values = (_along(tensor[0], spans) for tensor in (key, value))
        for start in range(branch.start, branch.stop, _BLOCK):
            stop = min(start + _BLOCK, branch.stop)
            known = keys.shape[1] - (branch.stop - stop)
            out[start:stop] = _attended(
                query[0, :, start:stop], keys[:, :known], values[:, :known], scaling, sliding_window, softcap
            ).transpose(0, 1)
    return out[None], None


AttentionInterface.register(NAME, tree_attention)


def _along(tensor: torch.Tensor, spans: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Return the keys or values (heads, tokens, size) of a sequence's tokens, which lie in several spans."""
    if len(spans) == 1:
        return tensor[:, spans[0][0] : spans[0][1]]
    return torch.cat([tensor[:, start:stop] for start, stop in spans], 1)


def _attended(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    scaling: float,
    window: int | None,
    softcap: float | None,
) -> torch.Tensor:
    """Return the attention (heads, count, size) of the last *count* tokens of a sequence, computed in the
    format of the model as in training.
    """
    heads, count, size = query.shape
    length = keys.shape[1]
    scores = torch.bmm((query * scaling).reshape(len(keys), -1, size), keys.transpose(1, 2))
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    shaped = scores.view(heads, count, length)
    if window is not None and length > window:
        shaped += _hidden(count, length, window, scores.dtype, scores.device)
    elif count > 1:
        shaped[:, :, length - count :] += _hidden(count, count, None, scores.dtype, scores.device)
    return torch.bmm(scores.softmax(-1), values).view(heads, count, -1)


@functools.lru_cache(maxsize=1024)
def _hidden(
    count: int, length: int, window: int | None, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Return what hides keys from each of the last *count* queries: -inf or 0, shape (count, length)."""
    seen = torch.ones(count, length, dtype=torch.bool, device=device).tril(length - count)
    if window is not None:
        seen = seen.triu(length - count + 1 - window)
    return torch.zeros(count, length, dtype=dtype, device=device).masked_fill_(~seen, -torch.inf)
