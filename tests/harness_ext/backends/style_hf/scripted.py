"""A model that writes what a test says, in the place of one of transformers: it has a tokenizer,
but no weights.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch

from harness_ext.backends.style_hf.control import Control, ControlLoop
from harness_ext.backends.style_hf.generation import write
from harness_ext.backends.style_hf.kv_cache import attend
from harness_ext.backends.style_hf.sampler import TokenSampler
from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import Pieces, encode_after

END = -1
"""Stands for the end of a turn in what a script prefers."""


class Scripted:
    """Prefers, for each sequence, the tokens that *script* names, the first most:
    it is given the tokens written so far.
    """

    def __init__(self, vocabulary: int, end: int, script: Callable[[TokenSequence], Sequence[int]]) -> None:
        self._vocabulary, self._end, self._script = vocabulary, end, script
        config = SimpleNamespace(_attn_implementation="sdpa", num_hidden_layers=1)
        config.get_text_config = lambda: config
        self.config: Any = config
        self._layer: Any = SimpleNamespace(layer_idx=0)
        self.read: list[tuple[int, int]] = []
        """Each token that was read: its sequence's index and its place."""

    def set_attn_implementation(self, _: str) -> None:
        """Take any."""

    def get_input_embeddings(self) -> Any:
        """Return something on the CPU."""
        return SimpleNamespace(weight=torch.zeros(1))

    def base_model(self, *, input_ids: torch.Tensor, style_hf_cache: Any, **_: Any) -> None:
        """Read prompts, with one layer."""
        empty = torch.zeros(len(input_ids), 1, input_ids.shape[1], 1)
        style_hf_cache.update(empty, empty, 0)
        attend(self._layer, empty, empty, empty, None, 1.0, style_hf_cache=style_hf_cache)

    def __call__(self, *, input_ids: torch.Tensor, style_hf_cache: Any, **_: Any) -> Any:
        """Return scores for each sequence's next token."""
        self.base_model(input_ids=input_ids, style_hf_cache=style_hf_cache)
        logits = torch.zeros(len(input_ids), 1, self._vocabulary)
        for number, sequence in enumerate(style_hf_cache.sequences):
            self.read.append((sequence.index, sequence.done))
            if sequence.done == len(sequence.ids) - 1:
                # of one named twice, the first place counts
                for rank, token in reversed([*enumerate(self._script(sequence))]):
                    logits[number, 0, self._end if token == END else token] = 100.0 - rank
        return SimpleNamespace(logits=logits)

    def _prepare_generation_config(self, _: None, **given: Any) -> tuple[Any, dict[str, Any]]:
        return (
            SimpleNamespace(
                **{
                    "eos_token_id": self._end,
                    "do_sample": False,
                    "repetition_penalty": None,
                    "no_repeat_ngram_size": None,
                    **given,
                }
            ),
            {},
        )


def pieces_of(tokenizer: Any) -> Pieces:
    """Return what the tokens of a tokenizer add to a text."""
    return Pieces(
        lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)),
        tokenizer("a", add_special_tokens=False)["input_ids"][-1],
    )


def say(
    tokenizer: Any, text: str, controls: Sequence[Control], limit: int = 8000, instead: str = " so"
) -> tuple[TokenSequence, str]:
    """Have a text written, token by place; where a token of it is forbidden, *instead*. After the last, the
    turn ends. Return the sequence and its text.
    """
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    other = tokenizer(instead, add_special_tokens=False)["input_ids"]

    def script(sequence: TokenSequence) -> list[int]:
        return [tokens[sequence.count] if sequence.count < len(tokens) else END, *other, *range(100, 400)]

    model = Scripted(len(tokenizer), tokenizer.eos_token_id, script)
    sequence = TokenSequence(0, [5, 6], 2, limit)
    pieces = pieces_of(tokenizer)
    watch = ControlLoop(
        controls,
        pieces,
        lambda text: encode_after(
            lambda part: tokenizer(part, add_special_tokens=False)["input_ids"], pieces, text
        ),
    )
    (ended,) = write(
        model, [sequence], 4, TokenSampler(model, {}), watch, frozenset({tokenizer.eos_token_id})
    )
    return ended, str(tokenizer.decode(ended.written, skip_special_tokens=True))
