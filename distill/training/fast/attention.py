"""Causal attention over rows laid end to end, with no padding and no mask; a beginning that all rows share
stands once.

Registered with transformers under `NAME`: every model whose attention goes through its attention interface
can use it.
"""

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from distill.models.attention_call import missing_option, unknown_option
from distill.models.library_hooks import PACKED, not_taken

NAME = "stylerep_packed"
# Queries of one block; keys beyond a block's last query are never touched.
_BLOCK = 128
# Probabilities of longer rows are not kept for the backward pass:
# their memory grows with the square of the length.
_LONGEST_KEPT = 2048


class VisibleKeys:
    """The rows that are in a model now: the length of what they `shared`, the `lengths` of what follows it in
    each, and the `calls` of its layers so far.
    """

    def __init__(self, lengths: Sequence[int] = (), shared: int = 0) -> None:
        self.shared, self.lengths = shared, tuple(lengths)
        self.calls: list[tuple[int, int | None, float | None]] = []

    def check(self, model: Any) -> None:
        """Raise StylerepError unless the forward pass that has just ended asked for attention here once a
        layer, with all that the configuration says.
        """
        if missing := missing_option(model.config.get_text_config(), self.calls):
            raise not_taken(PACKED, model, missing)


_now = VisibleKeys()


@contextlib.contextmanager
def rows(lengths: Sequence[int], shared: int = 0) -> Iterator[VisibleKeys]:
    """Say what rows a model sees until their backward pass has ended (with checkpointing,
    attention runs again in it).

    The one sequence that it sees is *shared* tokens with which all rows begin,
    then what follows them in each row, of these *lengths*.
    """
    global _now  # noqa: PLW0603 (attention functions are given nothing of ours)
    before, _now = _now, VisibleKeys(lengths, shared)
    try:
        yield _now
    finally:
        _now = before


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
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Return causal attention within each row, shape (1, T, heads, size),
    for transformers' attention interface.

    *query* is (1, heads, T, size), *key* and *value* (1, key heads, T, size), T the tokens told to `rows`. A
    query sees the *sliding_window* latest keys, itself among them.
    Raises ValueError for what is not causal attention over such rows.
    """
    shared, lengths = _now.shared, _now.lengths
    if attention_mask is not None or query.shape[0] != 1 or shared + sum(lengths) != query.shape[2]:
        raise ValueError(f"no packed rows: {tuple(query.shape)} for lengths {lengths} after {shared}")
    if (unknown := unknown_option(module, scaling, options)) or scaling is None:
        raise ValueError(unknown)
    _now.calls.append((getattr(module, "layer_idx", -1), sliding_window, softcap))
    if torch.is_autocast_enabled(query.device.type):
        query, key, value = (
            tensor.to(torch.get_autocast_dtype(query.device.type)) for tensor in (query, key, value)
        )
    longest = shared + max(lengths)
    plain = not dropout and not softcap and (sliding_window is None or longest <= sliding_window)
    if plain and query.device.type == "cpu" and longest <= _LONGEST_KEPT and value.shape == key.shape:
        with torch.autocast("cpu", enabled=False):  # formats are settled above
            return _Attention.apply(query[0], key[0], value[0], scaling, lengths, shared)[None], None  # type: ignore[no-untyped-call]
    attended = []
    for start, length, before in _spans(lengths, shared):
        keys, values = (_seen(tensor, start, length, before, 2) for tensor in (key, value))
        attended.append(
            _row(query[:, :, start : start + length], keys, values, scaling, dropout, sliding_window, softcap)
        )
    return torch.cat(attended, 2).transpose(1, 2), None


AttentionInterface.register(NAME, packed_attention)


def _row(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    scaling: float,
    dropout: float,
    window: int | None,
    softcap: float | None,
) -> torch.Tensor:
    count, length = query.shape[2], key.shape[2]
    banded = window is not None and length > window
    if not softcap:
        mask = _visible(count, length, window, query.device) if banded or count < length else None
        attended: torch.Tensor = scaled_dot_product_attention(
            query, key, value, mask, dropout, mask is None, scale=scaling, enable_gqa=True
        )
        return attended
    groups = query.shape[1] // key.shape[1]
    scores = query @ key.repeat_interleave(groups, 1).transpose(2, 3) * scaling
    scores = softcap * torch.tanh(scores / softcap)
    scores = scores.masked_fill(~_visible(count, length, window if banded else None, query.device), -math.inf)
    weights = torch.nn.functional.dropout(scores.float().softmax(-1).to(query.dtype), dropout)
    attended = weights @ value.repeat_interleave(groups, 1)
    return attended


def _visible(count: int, length: int, window: int | None, device: torch.device) -> torch.Tensor:
    """Return which key each of the last *count* queries of a row sees, shape (count, length)."""
    visible = torch.ones(count, length, dtype=torch.bool, device=device).tril(length - count)
    return visible if window is None else visible.triu(length - count + 1 - window)


def _spans(lengths: Sequence[int], shared: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first token, number of tokens, tokens of the shared beginning that they see) of the beginning
    and of each row.
    """
    if shared:
        yield 0, shared, 0
    start = shared
    for length in lengths:
        yield start, length, shared
        start += length


def _seen(tensor: torch.Tensor, start: int, length: int, before: int, dimension: int) -> torch.Tensor:
    """Return what a row sees of keys or values: the shared beginning and its own."""
    own = tensor.narrow(dimension, start, length)
    return torch.cat([tensor.narrow(dimension, 0, before), own], dimension) if before else own


@functools.lru_cache(maxsize=4096)
def _future(length: int, dtype: torch.dtype) -> torch.Tensor:
    """Return what hides later keys of a diagonal block: -inf above the diagonal, 0 elsewhere,
    shape (length, length).
    """
    return torch.full((length, length), -math.inf, dtype=dtype).triu(1)


class _Attention(torch.autograd.Function):
    """Attention of each row in blocks of queries, heads that share a key in one product.

    Probabilities are kept for the backward pass, in the model's format, as in the eager attention of
    transformers; the fused kernels of `scaled_dot_product_attention` compute them again, which on processors
    costs more than it saves at these lengths.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scaling: float,
        lengths: Sequence[int],
        shared: int,
    ) -> torch.Tensor:
        heads, total, size = query.shape
        query = query * scaling
        out, kept = query.new_empty(total, heads, size), []
        for row_start, length, before in _spans(lengths, shared):
            keys, values = (_seen(tensor, row_start, length, before, 1) for tensor in (key, value))
            for start, stop, seen in _blocks(row_start, length, before):
                queries = query[:, start:stop].reshape(len(key), -1, size)
                scores = torch.bmm(queries, keys[:, :seen].transpose(1, 2)).view(heads, stop - start, seen)
                scores[:, :, start - stop :] += _future(stop - start, scores.dtype)
                weights = scores.softmax(-1).view(len(key), -1, seen)
                out[start:stop] = torch.bmm(weights, values[:, :seen]).view(heads, -1, size).transpose(0, 1)
                kept.append(weights)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.scaling, ctx.lengths, ctx.shared = scaling, lengths, shared
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, *kept = ctx.saved_tensors
        heads, _, size = query.shape
        of_query, of_key, of_value = torch.empty_like(query), torch.zeros_like(key), torch.zeros_like(value)
        saved = iter(kept)
        for row_start, length, before in _spans(ctx.lengths, ctx.shared):
            keys, values = (_seen(tensor, row_start, length, before, 1) for tensor in (key, value))
            of_keys, of_values = torch.zeros_like(keys), torch.zeros_like(values)
            for start, stop, seen in _blocks(row_start, length, before):
                weights, queries = next(saved), query[:, start:stop].reshape(len(key), -1, size)
                gradient = gradients[0][start:stop].transpose(0, 1).reshape(len(key), -1, size)
                of_values[:, :seen] += torch.bmm(weights.transpose(1, 2), gradient)
                of_weights = torch.bmm(gradient, values[:, :seen].transpose(1, 2))
                of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
                of_query[:, start:stop] = torch.bmm(of_scores, keys[:, :seen]).view(heads, -1, size)
                of_keys[:, :seen] += torch.bmm(of_scores.transpose(1, 2), queries)
            for whole, part in ((of_key, of_keys), (of_value, of_values)):
                whole[:, :before] += part[:, :before]
                whole[:, row_start : row_start + length] += part[:, before:]
        return of_query.mul_(ctx.scaling), of_key, of_value, None, None, None


def _blocks(row_start: int, length: int, before: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first query, end of the queries, number of keys that they see) of every block of a row."""
    for start in range(0, length, _BLOCK):
        stop = min(start + _BLOCK, length)
        yield row_start + start, row_start + stop, before + stop
