"""Writes responses, many at a time: a sequence leaves the batch when it has ended,
and a waiting one takes its place.

Static batches go on until their longest sequence has ended; the lengths of traces are long-tailed, so that
most of what they compute is for sequences that have ended.
Here every step computes one token of every sequence that is still written (Yu et al., 2022, Orca,
"iteration-level scheduling"), what all prompts begin with is read once, and so is the prompt of several draws
that follow each other. Each sequence attends to as many columns as its bucket has
(`harness_ext.backends.style_hf.kv_cache`).
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch

from distill.models.cache_argument import cache_argument
from distill.models.library_hooks import CACHE, not_taken
from harness_ext.backends.style_hf.control import ControlLoop
from harness_ext.backends.style_hf.kv_cache import ATTENTION, BucketedKVCache, Prefill
from harness_ext.backends.style_hf.sampler import TokenSampler
from harness_ext.backends.style_hf.sequence import TokenSequence
from synth.errors import StylerepError

_PROMPT_TOKENS = 1024
"""Tokens of prompts that are read in one pass."""
_LAYERS = {"full_attention", "sliding_attention"}


def check_architecture(model: Any) -> None:
    """Raise StylerepError for a model whose layers keep something else than the keys and values of each
    token, or take no attention function.
    """
    config = model.config.get_text_config()
    other = set(getattr(config, "layer_types", None) or ()) - _LAYERS
    if other or not getattr(model, "_supports_attention_backend", False):
        why = (
            f"it has layers of {sorted(other)[0].replace('_', ' ')}"
            if other
            else "it takes no attention function of ours"
        )
        raise StylerepError(
            f"style-hf cannot write with a model of the type {config.model_type}: {why}; use --model hf."
        )
    if len(set(map(str, getattr(model, "hf_device_map", {}).values()))) > 1:
        raise StylerepError(
            "style-hf writes on one device, and this model is spread over several; leave parallelize out, or"
            " use --model hf."
        )


def write(
    model: Any,
    sequences: Sequence[TokenSequence],
    together: int,
    choose: TokenSampler,
    watch: ControlLoop,
    ends: frozenset[int],
    steering: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
) -> Iterator[TokenSequence]:
    """Write the responses of sequences, at most *together* at a time, and yield each when it has ended.

    *model* is a causal language model of transformers, and *ends* are the tokens that end a turn. Sequences
    are begun in the order given. In the context of
    *steering* the model reads what is written, but not prompts.
    Raises StylerepError if the model passes by our cache or our attention.
    """
    waiting = deque(sequences)
    with torch.inference_mode(), _attending(model):
        device = model.get_input_embeddings().weight.device
        prompts = _Prompts(model, sequences, device)
        kv_cache = BucketedKVCache(device)
        while waiting or len(kv_cache):
            free = together - len(kv_cache)
            if waiting and (free >= max(1, together // 8) or not len(kv_cache)):
                begun = [waiting.popleft() for _ in range(min(free, len(waiting)))]
                prompts.begin(kv_cache, begun, waiting[0] if waiting else None)
            ended = _step(model, kv_cache, choose, watch, ends, steering)
            kv_cache.drop(ended)
            yield from ended


def _step(
    model: Any,
    kv_cache: BucketedKVCache,
    choose: TokenSampler,
    watch: ControlLoop,
    ends: frozenset[int],
    steering: Callable[[], AbstractContextManager[None]],
) -> list[TokenSequence]:
    """Have the model read one token of each sequence; where that was a sequence's last, choose the next.
    Return the sequences that ended.
    """
    kv_cache.begin_step()
    sequences = kv_cache.sequences
    tokens = torch.tensor([[sequence.ids[sequence.done]] for sequence in sequences], device=kv_cache.device)
    places = torch.tensor([[sequence.done] for sequence in sequences], device=kv_cache.device)
    if len(sequences) == 1:  # matrix libraries treat a vector otherwise than a row of a matrix
        tokens, places = tokens.expand(2, -1), places.expand(2, -1)
    with steering():
        logits = _call(model, model, tokens, places, kv_cache).logits[: len(sequences), -1]
    for sequence in sequences:
        sequence.done += 1
    at_end = [number for number, sequence in enumerate(sequences) if sequence.done == len(sequence.ids)]
    chosen = [sequences[number] for number in at_end]
    for sequence, token in zip(
        chosen,
        choose(chosen, logits if len(chosen) == len(sequences) else logits[at_end]) if chosen else [],
        strict=True,
    ):
        if token in ends:
            sequence.ended = "end"
        else:
            sequence.ids.append(token)
            sequence.ended = "length" if sequence.count >= sequence.limit else ""
    watch.look(chosen)
    return [sequence for sequence in chosen if sequence.ended]


class _Prompts:
    """Reads the prompts of sequences that are begun, each once: draws of one prompt get copies of its keys
    and values, and those of the last one are kept as long as sequences with it wait.
    """

    def __init__(self, model: Any, sequences: Sequence[TokenSequence], device: torch.device) -> None:
        self._model, self._device = model, device
        self._prefix = _read_prefix(model, sequences, device)
        self._shared = self._prefix.keys[0].shape[2] if self._prefix else 0
        self._kept: tuple[list[int], list[torch.Tensor], list[torch.Tensor]] | None = None

    def begin(
        self, kv_cache: BucketedKVCache, sequences: Sequence[TokenSequence], following: TokenSequence | None
    ) -> None:
        """Read prompts, all but their last token, which the next step reads; *following* is the sequence that
        is begun next.
        """
        for sequence in sequences:
            sequence.done = sequence.prompt - 1
        part: list[list[TokenSequence]] = []
        for _, draws in itertools.groupby(sequences, key=lambda one: one.ids[: one.prompt]):
            same = list(draws)
            if not part and self._kept and self._kept[0] == same[0].ids[: same[0].prompt]:
                kv_cache.add(same, *self._kept[1:], rows=[0] * len(same))
                continue
            longest = max(one[0].prompt for one in [*part, same])
            if part and (len(part) + 1) * (longest - self._shared) > _PROMPT_TOKENS:
                self._read(kv_cache, part, None)
                part = []
            part.append(same)
        if part:
            self._read(kv_cache, part, following)
        elif self._kept and (following is None or following.ids[: following.prompt] != self._kept[0]):
            self._kept = None

    def _read(
        self,
        kv_cache: BucketedKVCache,
        part: Sequence[Sequence[TokenSequence]],
        following: TokenSequence | None,
    ) -> None:
        """Read a prompt for each list of sequences that have it; keep the last one's keys and values if the
        *following* sequence has it too.
        """
        firsts = [draws[0] for draws in part]
        length = max(1, max(one.done for one in firsts) - self._shared)
        tokens = torch.zeros(len(firsts), length, dtype=torch.long)
        for number, one in enumerate(firsts):
            tokens[number, : one.done - self._shared] = torch.tensor(
                one.ids[self._shared : one.done], dtype=torch.long
            )
        read = _prefill(self._model, tokens.to(self._device), self._shared, self._prefix)
        rows = [number for number, draws in enumerate(part) for _ in draws]
        kv_cache.add([one for draws in part for one in draws], read.keys, read.values, rows)
        prompt = firsts[-1].ids[: firsts[-1].prompt]
        self._kept = None
        if following is not None and following.ids[: following.prompt] == prompt:
            keys, values = ([layer[-1:].clone() for layer in held] for held in (read.keys, read.values))
            self._kept = prompt, keys, values


def _read_prefix(model: Any, sequences: Sequence[TokenSequence], device: torch.device) -> Prefill | None:
    """Read what all prompts begin with; None where that is next to nothing, or there is one sequence."""
    shared = min((sequence.prompt - 2 for sequence in sequences), default=0)
    first = sequences[0].ids if sequences else []
    for sequence in sequences:
        shared = next(
            (place for place in range(max(0, shared)) if sequence.ids[place] != first[place]), shared
        )
    if len(sequences) < 2 or shared < 1:
        return None
    return _prefill(model, torch.tensor([first[:shared]], device=device), 0, None)


def _prefill(model: Any, tokens: torch.Tensor, start: int, prefix: Prefill | None) -> Prefill:
    read = Prefill(prefix)
    places = torch.arange(start, start + tokens.shape[1], device=tokens.device).expand(len(tokens), -1)
    _call(model, model.base_model, tokens, places, read)  # without the head
    return read


def _call(
    model: Any, part: Any, tokens: torch.Tensor, places: torch.Tensor, cache: BucketedKVCache | Prefill
) -> Any:
    """Have a model, or the part of it without its head, read tokens with a cache of ours,
    and check that every layer went through it.
    """
    try:
        found = part(
            input_ids=tokens,
            position_ids=places,
            use_cache=True,
            style_hf_cache=cache,
            **{cache_argument(type(part)): cache},
        )
    # asked for more than a cache or an attention function of ours has
    except (TypeError, AttributeError, IndexError, KeyError) as error:
        raise not_taken(
            CACHE, model, f"reading with it failed ({type(error).__name__}: {' '.join(str(error).split())})"
        ) from error
    cache.check(model)
    return found


@contextlib.contextmanager
def _attending(model: Any) -> Iterator[None]:
    """Have the model's layers attend as `harness_ext.backends.style_hf.kv_cache` does."""
    config = model.config.get_text_config()
    before = config._attn_implementation
    model.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        model.set_attn_implementation(before)
