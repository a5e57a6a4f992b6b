"""Causal attention over rows laid end to end, without padding and without a mask.

Registered with transformers under `NAME`: every model whose attention goes through its attention interface can use it.
"""

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

NAME = "stylerep_packed"
# Queries of one block; keys beyond a block's last query are never touched.
_BLOCK = 256
# Probabilities of longer rows are not kept for the backward pass: their memory grows with the square of the length.
_LONGEST_KEPT = 2048


class _Rows:
    """The lengths of the rows that are in the model now; their sum is the length of the one sequence that it sees."""

    lengths: Sequence[int] = ()


@contextlib.contextmanager
def rows(lengths: Sequence[int]) -> Iterator[None]:
    """Say what rows a model sees until their backward pass has ended (with checkpointing, attention runs again in it)."""
    before, _Rows.lengths = _Rows.lengths, tuple(lengths)
    try:
        yield
    finally:
        _Rows.lengths = before


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **unused: Any,
) -> tuple[torch.Tensor, None]:
    """Return causal attention within each row, shape (1, T, heads, size), for transformers' attention interface.

    *query* is (1, heads, T, size), *key* and *value* (1, key heads, T, size), T the sum of the lengths told to `rows`. A query
    sees the *sliding_window* latest keys, itself among them. Raises ValueError for what is not causal attention over such rows.
    """
    lengths = _Rows.lengths
    if attention_mask is not None or query.shape[0] != 1 or sum(lengths) != query.shape[2] or unused.get("s_aux") is not None:
        raise ValueError(f"no packed rows: {tuple(query.shape)} for lengths {lengths}")
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    if torch.is_autocast_enabled(query.device.type):
        query, key, value = (tensor.to(torch.get_autocast_dtype(query.device.type)) for tensor in (query, key, value))
    longest = max(lengths)
    plain = not dropout and not softcap and (sliding_window is None or longest <= sliding_window)
    if plain and query.device.type == "cpu" and longest <= _LONGEST_KEPT and value.shape == key.shape:
        with torch.autocast("cpu", enabled=False):  # formats are settled above
            return _Attention.apply(query[0], key[0], value[0], scaling, lengths)[None], None  # type: ignore[no-untyped-call]
    queries, keys, values = (torch.split(tensor, list(lengths), 2) for tensor in (query, key, value))
    attended = [_row(*part, scaling, dropout, sliding_window, softcap) for part in zip(queries, keys, values, strict=True)]
    return torch.cat(attended, 2).transpose(1, 2), None


AttentionInterface.register(NAME, packed_attention)


def _row(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float, dropout: float, window: int | None, softcap: float | None
) -> torch.Tensor:
    length = query.shape[2]
    banded = window is not None and length > window
    if not softcap:
        mask = _visible(length, window, query.device) if banded else None
        attended: torch.Tensor = scaled_dot_product_attention(query, key, value, mask, dropout, mask is None, scale=scaling, enable_gqa=True)
        return attended
    groups = query.shape[1] // key.shape[1]
    scores = query @ key.repeat_interleave(groups, 1).transpose(2, 3) * scaling
    scores = softcap * torch.tanh(scores / softcap)
    scores = scores.masked_fill(~_visible(length, window if banded else None, query.device), -math.inf)
    weights = torch.nn.functional.dropout(scores.float().softmax(-1).to(query.dtype), dropout)
    attended = weights @ value.repeat_interleave(groups, 1)
    return attended


def _visible(length: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Return which key a query sees, shape (length, length)."""
    visible = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    return visible if window is None else visible.triu(1 - window)


@functools.lru_cache(maxsize=4096)
def _future(length: int, dtype: torch.dtype) -> torch.Tensor:
    """Return what hides later keys of a diagonal block: -inf above the diagonal, 0 elsewhere, shape (length, length)."""
    return torch.full((length, length), -math.inf, dtype=dtype).triu(1)


class _Attention(torch.autograd.Function):
    """Attention of each row in blocks of queries, heads that share a key in one product.

    Probabilities are kept for the backward pass, in the model's format, as in the eager attention of transformers; the fused kernels of
    `scaled_dot_product_attention` compute them again, which on processors costs more than it saves at these lengths.
    """

    @staticmethod
    def forward(ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float, lengths: Sequence[int]) -> torch.Tensor:
        heads, total, size = query.shape
        query = query * scaling
        out, kept = query.new_empty(total, heads, size), []
        for first, start, stop in _blocks(lengths):
            count, seen = stop - start, stop - first
            queries = query[:, start:stop].reshape(len(key), -1, size)
            scores = torch.bmm(queries, key[:, first:stop].transpose(1, 2)).view(heads, count, seen)
            scores[:, :, start - first :] += _future(count, scores.dtype)
            weights = scores.softmax(-1).view(len(key), -1, seen)
            out[start:stop] = torch.bmm(weights, value[:, first:stop]).view(heads, count, size).transpose(0, 1)
            kept.append(weights)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.scaling, ctx.lengths = scaling, lengths
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        heads, _, size = query.shape
        of_query, of_key, of_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        for (first, start, stop), weights in zip(_blocks(ctx.lengths), kept, strict=True):
            queries = query[:, start:stop].reshape(len(key), -1, size)
            gradient = gradients[0][start:stop].transpose(0, 1).reshape(len(key), -1, size)
            of_value[:, first:stop] += torch.bmm(weights.transpose(1, 2), gradient)
            of_weights = torch.bmm(gradient, value[:, first:stop].transpose(1, 2))
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            of_query[:, start:stop] = torch.bmm(of_scores, key[:, first:stop]).view(heads, -1, size)
            of_key[:, first:stop] += torch.bmm(of_scores.transpose(1, 2), queries)
        return of_query.mul_(ctx.scaling), of_key, of_value, None, None


def _blocks(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield (first token of the row, first query, end of the queries) of every block."""
    first = 0
    for length in lengths:
        for start in range(first, first + length, _BLOCK):
            yield first, start, min(start + _BLOCK, first + length)
        first += length
