"""Which tokens of a tokenizer are special, and what lm_eval reads of generated tokens."""

from collections.abc import Collection, Sequence
from typing import Any


def special_ids(tokenizer: Any) -> set[int]:
    """Return the ids that ``skip_special_tokens`` drops: those with a role (EOS,
    …) and those added as special.
    """
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {*tokenizer.all_special_ids, *(number for number, token in added.items() if token.special)}


def readable_text(tokenizer: Any, ids: Sequence[int], kept: Collection[int]) -> str:
    """Decode tokens as lm_eval's ``hf`` does, special tokens left out, but with those in *kept*."""
    dropped = special_ids(tokenizer) - set(kept)
    return str(
        tokenizer.decode([number for number in ids if number not in dropped], skip_special_tokens=False)
    )
