"""Chooses each sequence's next token: the likeliest, or one drawn by the sequence's own seed, so that it does
not depend on the sequences beside it.

Run on transformers 5.23 and 5.24. What it relies on: ``_prepare_generation_config``, which merges the model's
own settings, those given and the library's defaults, as ``generate`` does
(`distill.models.library_hooks.CHOOSING`).
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import (
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from distill.models.library_hooks import CHOOSING, need, not_taken
from harness_ext.backends.style_hf.sequence import TokenSequence
from synth.errors import StylerepError

# What generate can do besides, and this cannot; each with the value that means that it is not asked for.
_NOT_DONE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        ("num_beams", "num_return_sequences", "typical_p", "guidance_scale", "encoder_repetition_penalty"),
        (None, 1),
    ),
    **dict.fromkeys(("min_length", "min_new_tokens", "epsilon_cutoff", "eta_cutoff"), (None, 0)),
    **dict.fromkeys(
        ("penalty_alpha", "bad_words_ids", "sequence_bias", "suppress_tokens", "begin_suppress_tokens"),
        (None,),
    ),
    **dict.fromkeys(("exponential_decay_length_penalty", "watermarking_config", "top_h"), (None,)),
}


# What TokenSampler does, what the caller does (ends, lengths), and what changes no score.
_DONE = frozenset(
    """
    do_sample temperature top_k top_p min_p repetition_penalty no_repeat_ngram_size bos_token_id
    eos_token_id pad_token_id max_length max_new_tokens max_time stop_strings use_cache cache_implementation
    cache_config return_legacy_cache output_attentions output_hidden_states output_scores output_logits
    return_dict_in_generate transformers_version compile_config disable_compile max_cache_len
    decoder_start_token_id forced_bos_token_id prefill_chunk_size low_memory early_stopping length_penalty
    num_beam_groups diversity_penalty renormalize_logits remove_invalid_values token_healing is_assistant
    num_assistant_tokens num_assistant_tokens_schedule assistant_confidence_threshold assistant_early_exit
    assistant_lookbehind target_lookbehind prompt_lookup_num_tokens max_matching_ngram_size
    continuous_batching_config trust_remote_code
    """.split()
)


def _passed_over(config: Any) -> str | None:
    """Return a setting of transformers that is given, and that this neither keeps nor knows;
    None if there is none.
    """
    for name, usual in vars(type(config)()).items():
        if (
            not name.startswith("_")
            and name not in _DONE
            and name not in _NOT_DONE
            and getattr(config, name, usual) not in (usual, None, False)
        ):
            return str(name)
    return None


class TokenSampler:
    """Chooses tokens by the settings of one request,
    as ``generate`` of transformers would from the same scores.
    """

    def __init__(self, model: Any, settings: Mapping[str, Any]) -> None:
        """Take the *settings* of decoding, but for stop strings and length;
        raise StylerepError for one that cannot be kept.
        """
        given = {name: value for name, value in settings.items() if value is not None}
        if not given.get("do_sample"):
            given = {
                name: value
                for name, value in given.items()
                if name not in {"temperature", "top_p", "top_k", "min_p"}
            } | {"do_sample": False}
        given.pop("seed", None)
        need(CHOOSING, type(model), "_prepare_generation_config")
        config, unknown = model._prepare_generation_config(None, **given)
        if unknown:
            raise StylerepError(
                f"--gen_kwargs {next(iter(unknown))}: style-hf knows no such setting of decoding."
            )
        for name, plain in _NOT_DONE.items():
            if getattr(config, name, None) not in plain:
                raise StylerepError(
                    f"--gen_kwargs {name}={getattr(config, name)}: style-hf does not do this; use --model hf."
                )
        if other := _passed_over(config):
            raise not_taken(
                CHOOSING,
                model,
                f"{other}={getattr(config, other)} is asked for, which style-hf does not know (use"
                " --model hf)",
            )
        ends = config.eos_token_id
        self.ends = frozenset(
            ends if isinstance(ends, (list, tuple)) else [] if ends is None else [int(ends)]
        )
        self.sampled = bool(config.do_sample)
        self._by_row = [
            *(
                [RepetitionPenaltyLogitsProcessor(config.repetition_penalty)]
                if config.repetition_penalty not in (None, 1.0)
                else []
            ),
            *(
                [NoRepeatNGramLogitsProcessor(config.no_repeat_ngram_size)]
                if config.no_repeat_ngram_size
                else []
            ),
        ]
        self._warpers: list[Any] = []
        if self.sampled:
            if config.temperature not in (None, 1.0):
                self._warpers.append(TemperatureLogitsWarper(config.temperature))
            if config.top_k:
                self._warpers.append(TopKLogitsWarper(config.top_k))
            if config.top_p is not None and config.top_p < 1:
                self._warpers.append(TopPLogitsWarper(config.top_p))
            if config.min_p is not None:
                self._warpers.append(MinPLogitsWarper(config.min_p))

    def __call__(self, sequences: Sequence[TokenSequence], logits: torch.Tensor) -> list[int]:
        """Return a token for each sequence; *logits* is (sequences, vocabulary)."""
        if self._by_row or self.sampled:
            logits = logits.float()
        for sequence, scores in zip(sequences, logits, strict=True):
            for processor in self._by_row:
                scores[:] = processor(torch.tensor([sequence.ids], device=scores.device), scores[None])[0]
            if banned := sequence.bans.get(len(sequence.ids)):
                scores[list(banned)] = -torch.inf
        if not self.sampled:
            # the first of equals, as argmax, which takes five times as long in bfloat16
            chosen: list[int] = logits.max(-1).indices.tolist()
            return chosen
        for warper in self._warpers:
            logits = warper(None, logits)
        return self._draw(sequences, logits)

    @staticmethod
    def _draw(sequences: Sequence[TokenSequence], logits: torch.Tensor) -> list[int]:
        """Draw from each sequence's probabilities by a number that its seed, the place,
        and what was banned there give.
        """
        points = [
            random.Random(
                f"{sequence.seed} {len(sequence.ids)} {len(sequence.bans.get(len(sequence.ids), ()))}"
            ).random()
            for sequence in sequences
        ]
        # In the order of tokens: to sort a vocabulary takes as long as a small model's step, this a tenth.
        sums = logits.softmax(-1).double().cumsum(-1)
        whole = sums[:, -1:]
        wanted = torch.tensor(points, dtype=torch.double, device=logits.device)[:, None] * whole
        below = torch.minimum(wanted, torch.nextafter(whole, torch.zeros_like(whole)))
        found: list[int] = torch.searchsorted(sums, below, right=True).flatten().tolist()
        return found
