"""Keys and values of the sequences that are being written: each sequence in the bucket for its length, so
that short sequences do not pay for long ones.

A sequence's token at position p lies in column p of its bucket. Hence what is computed for a sequence depends
neither on the sequences beside it nor on how many there are (as far as the matrix library computes a sequence
alike in every batch, as tests and ``make bench`` check), and a sequence can be shortened by
counting fewer columns.

Run on transformers 5.23 and 5.24. What it relies on: layers call ``update(keys, values, layer)`` of the cache
that the model was called with, and then the attention function that the configuration names, with
``sliding_window``, ``softcap`` and ``scaling`` where they have them; for a name without a mask function no
mask is made. Each pass keeps a record of these calls, and `check` raises StylerepError where they are not
what the configuration says (`distill.models.library_hooks.CACHE`, `distill.models.library_hooks.ATTENTION`).
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.cache_utils import Cache

from distill.models.attention_call import missing_option, unknown_option
from distill.models.library_hooks import ATTENTION as HOOK
from distill.models.library_hooks import CACHE, not_taken
from harness_ext.backends.style_hf.sequence import TokenSequence

ATTENTION = "stylerep_rows"
"""The name under which `attend` stands among transformers' attention functions."""
_SMALLEST = 128
_SCORES = 1 << 26
"""Scores of a prompt's tokens that are held at a time."""


def capacity(length: int) -> int:
    """Return how many columns (128, 256, 384, 512, 768, 1,024, 1,536,
    …) the bucket for a sequence of *length* tokens has.
    """
    size = _SMALLEST
    while size < length:
        size += max(_SMALLEST, 1 << (size.bit_length() - 2))
    return size


class CacheBucket:
    """Sequences of about one length. `keys` and `values` hold a tensor (places, heads, columns, width) for
    each layer; places from the first on are taken.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.sequences: list[TokenSequence] = []
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []
        self.lengths = torch.zeros(0, dtype=torch.long)
        self._masks: dict[int | None, torch.Tensor] = {}

    def reserve(self, like: Sequence[torch.Tensor], like_values: Sequence[torch.Tensor], more: int) -> None:
        """Make room for *more* sequences whose layers look like those given."""
        places, needed = (len(self.keys[0]) if self.keys else 0), len(self.sequences) + more
        if needed <= places:
            return
        places = max(needed, 2 * places, 4)
        for held, template in ((self.keys, like), (self.values, like_values)):
            for layer, tensor in enumerate(template):
                # Columns not yet written must be finite: a weight of 0 times anything else is not 0.
                wider = tensor.new_zeros(places, tensor.shape[1], self.columns, tensor.shape[3])
                if layer < len(held):
                    wider[: len(self.sequences)] = held[layer][: len(self.sequences)]
                    held[layer] = wider
                else:
                    held.append(wider)

    def put(
        self, sequence: TokenSequence, keys: Sequence[torch.Tensor], values: Sequence[torch.Tensor]
    ) -> None:
        """Add a sequence with its keys and values, a tensor (heads, tokens, width) a layer;
        there must be room.
        """
        place = len(self.sequences)
        for held, given in ((self.keys, keys), (self.values, values)):
            for tensor, of_row in zip(held, given, strict=True):
                tensor[place, :, : of_row.shape[1]] = of_row
        self.sequences.append(sequence)

    def take(self, place: int) -> TokenSequence:
        """Remove the sequence at a place; the last sequence moves there."""
        sequence, last = self.sequences[place], self.sequences.pop()
        if last is not sequence:
            self.sequences[place] = last
            for tensor in (*self.keys, *self.values):
                tensor[place, :, : last.done] = tensor[len(self.sequences), :, : last.done]
        return sequence

    def begin_step(self, device: torch.device) -> None:
        """Note how long the sequences are at the beginning of a step."""
        self.lengths = torch.tensor([sequence.done for sequence in self.sequences], device=device)
        self._masks = {}

    def mask(self, window: int | None) -> torch.Tensor:
        """Return what is added to scores (sequences, 1, 1, columns):
        0 for tokens that a sequence's next token sees, -inf for others.
        """
        if window not in self._masks:
            columns = torch.arange(self.columns, device=self.lengths.device)
            seen = columns <= self.lengths[:, None]
            if window:
                seen &= columns > self.lengths[:, None] - window
            self._masks[window] = torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, -torch.inf)[
                :, None, None
            ]
        return self._masks[window]


class _Pass(Cache):  # type: ignore[misc]  # transformers has no types
    """A cache that keeps a record of one pass of a model: which layers brought keys and values, and which
    asked for attention, with what.
    """

    def __init__(self) -> None:
        super().__init__(layers=[])
        self.updates: list[int] = []
        self.calls: list[tuple[int, int | None, float | None]] = []

    def check(self, model: Any) -> None:
        """End a pass; raise StylerepError if a layer of the model passed by the cache or the attention
        function, or asked for less than is configured.
        """
        config = model.config.get_text_config()
        layers = int(config.num_hidden_layers)
        if self.updates != list(range(layers)):
            raise not_taken(
                CACHE,
                model,
                f"{len(self.updates)} of {layers} layers kept keys and values in it, in their order",
            )
        if missing := missing_option(config, self.calls):
            raise not_taken(HOOK, model, missing)
        self.updates, self.calls = [], []

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """Return 0: positions are always given."""
        return 0


class BucketedKVCache(_Pass):
    """All sequences that are being written, in the order of the batch: by bucket, and by place in it.
    Passed to a model as its cache.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device = device
        self._buckets: dict[int, CacheBucket] = {}

    def __len__(self) -> int:
        return sum(len(bucket.sequences) for bucket in self._buckets.values())

    @property
    def buckets(self) -> list[CacheBucket]:
        """Those that hold sequences, by length."""
        return [self._buckets[columns] for columns in sorted(self._buckets)]

    @property
    def sequences(self) -> list[TokenSequence]:
        """The sequences in the order of the batch."""
        return [sequence for bucket in self.buckets for sequence in bucket.sequences]

    def begin_step(self) -> None:
        """Move sequences that outgrew their bucket, drop empty buckets, and note the lengths of all."""
        for bucket in self.buckets:
            for place in range(len(bucket.sequences) - 1, -1, -1):
                if bucket.sequences[place].done >= bucket.columns:
                    self._move(bucket, place)
        self._buckets = {columns: bucket for columns, bucket in self._buckets.items() if bucket.sequences}
        for bucket in self._buckets.values():
            bucket.begin_step(self.device)

    def add(
        self,
        sequences: Sequence[TokenSequence],
        keys: Sequence[torch.Tensor],
        values: Sequence[torch.Tensor],
        rows: Sequence[int] | None = None,
    ) -> None:
        """Add sequences whose first `done` tokens have the keys and values given, a tensor (rows, heads,
        tokens, width) a layer: each sequence the row of its own place, or the one that *rows* says.
        """
        wanted = [capacity(sequence.done + 1) for sequence in sequences]
        for columns in set(wanted):
            self._bucket(columns).reserve(keys, values, wanted.count(columns))
        places = range(len(sequences)) if rows is None else rows
        for sequence, columns, row in zip(sequences, wanted, places, strict=True):
            self._bucket(columns).put(
                sequence,
                [layer[row, :, : sequence.done] for layer in keys],
                [layer[row, :, : sequence.done] for layer in values],
            )

    def drop(self, ended: Sequence[TokenSequence]) -> None:
        """Remove sequences, with their keys and values."""
        gone = set(map(id, ended))
        for bucket in self.buckets:
            for place in range(len(bucket.sequences) - 1, -1, -1):
                if id(bucket.sequences[place]) in gone:
                    bucket.take(place)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one token's keys and values (sequences, heads, 1, width) of each sequence;
        called by the layers of a model.
        """
        self.updates.append(layer_idx)
        start = 0
        for bucket in self.buckets:
            places, stop = (
                torch.arange(len(bucket.sequences), device=self.device),
                start + len(bucket.sequences),
            )
            bucket.keys[layer_idx][places, :, bucket.lengths] = key_states[start:stop, :, 0]
            bucket.values[layer_idx][places, :, bucket.lengths] = value_states[start:stop, :, 0]
            start = stop
        return key_states, value_states

    def attend(
        self, layer: int, query: torch.Tensor, scaling: float, window: int | None, softcap: float | None
    ) -> torch.Tensor:
        """Return the attention (sequences, 1, heads, width) of each sequence's next token;
        *query* is (sequences, heads, 1, width).
        """
        results, start = [], 0
        for bucket in self.buckets:
            keys, values = (
                bucket.keys[layer][: len(bucket.sequences)],
                bucket.values[layer][: len(bucket.sequences)],
            )
            part = query[start : start + len(bucket.sequences)]
            # heads that share keys stand as queries of one head
            grouped = part.reshape(len(part), keys.shape[1], -1, part.shape[-1])
            results.append(
                _weigh(grouped, keys, values, bucket.mask(window), scaling, softcap).reshape(
                    len(part), 1, query.shape[1], -1
                )
            )
            start += len(part)
        results += [results[-1][-1:]] * (len(query) - start)  # a sequence that is there twice
        return torch.cat(results)

    def _bucket(self, columns: int) -> CacheBucket:
        return self._buckets.setdefault(columns, CacheBucket(columns))

    def _move(self, bucket: CacheBucket, place: int) -> None:
        sequence = bucket.sequences[place]
        keys, values = (
            [tensor[place : place + 1, :, : sequence.done] for tensor in held]
            for held in (bucket.keys, bucket.values)
        )
        self.add([sequence], keys, values)
        bucket.take(place)


class Prefill(_Pass):
    """Prompts that are read in one pass, after a prefix that they share. Passed to a model as its cache.

    `keys` and `values` hold a tensor (sequences, heads, tokens, width) for each layer, the prefix with them.
    """

    def __init__(self, prefix: "Prefill | None" = None) -> None:
        super().__init__()
        self._prefix = prefix
        self.keys: list[torch.Tensor] = []
        self.values: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep a layer's keys and values; called by the layers of a model."""
        self.updates.append(layer_idx)
        for held, states, before in (
            (self.keys, key_states, self._prefix and self._prefix.keys),
            (self.values, value_states, self._prefix and self._prefix.values),
        ):
            held.append(
                torch.cat([before[layer_idx].expand(len(states), -1, -1, -1), states], 2)
                if before
                else states
            )
        return key_states, value_states

    def attend(
        self, layer: int, query: torch.Tensor, scaling: float, window: int | None, softcap: float | None
    ) -> torch.Tensor:
        """Return the attention (sequences, tokens, heads, width),
        each token seeing those up to its own place.
        """
        keys, values = self.keys[layer], self.values[layer]
        sequences, heads, tokens, width = query.shape
        grouped = query.reshape(sequences, keys.shape[1], -1, tokens, width)
        columns, block = keys.shape[2], max(1, _SCORES // (sequences * heads * keys.shape[2]))
        results = []
        for start in range(0, tokens, block):
            part = grouped[:, :, :, start : start + block]
            after = torch.arange(part.shape[3], device=query.device)[:, None] + start + columns - tokens
            seen = torch.arange(columns, device=query.device) <= after
            if window:
                seen &= torch.arange(columns, device=query.device) > after - window
            mask = (
                torch.zeros(seen.shape, device=query.device)
                .masked_fill_(~seen, -torch.inf)
                .repeat(part.shape[2], 1)
            )
            weighed = _weigh(
                part.reshape(sequences, keys.shape[1], -1, width), keys, values, mask, scaling, softcap
            )
            results.append(weighed.reshape(sequences, heads, -1, width))
        return torch.cat(results, 2).transpose(1, 2)


def attend(
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
    """Attend to the keys and values of the `BucketedKVCache` or `Prefill` that the model was called with,
    as ``style_hf_cache=``.
    """
    cache: BucketedKVCache | Prefill | None = options.get("style_hf_cache")
    layer = getattr(module, "layer_idx", None)
    if cache is None or layer is None:
        raise not_taken(
            HOOK,
            module,
            (
                "the layer hands on nothing of what the model was called with"
                if cache is None
                else "there is no layer_idx"
            ),
        )
    if unknown := unknown_option(module, scaling, options):
        raise not_taken(HOOK, module, f"{unknown}, which style-hf does not compute (use --model hf)")
    if scaling is None or layer >= len(cache.updates):
        raise not_taken(
            CACHE, module, f"layer {layer} asks for attention and has kept no keys and values in it"
        )
    cache.calls.append((int(layer), sliding_window, softcap))
    return cache.attend(int(layer), query, scaling, sliding_window, softcap), None


def _weigh(
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    mask: torch.Tensor,
    scaling: float,
    softcap: float | None,
) -> torch.Tensor:
    """Return attention, (sequences, heads, queries, width), of tensors of that shape;
    *mask* is added to the scores.

    Written out: in bfloat16 on a CPU, the sums of these two products do not depend on how many sequences or
    columns there are, those of torch's fused attention do.
    """
    scores = torch.matmul(query, keys.transpose(2, 3)).float().mul_(scaling)
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    return torch.matmul(scores.add_(mask).softmax(-1).to(values.dtype), values)


AttentionInterface.register(ATTENTION, attend)
