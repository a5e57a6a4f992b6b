"""Tokenizers."""

from typing import Any

from transformers import AutoTokenizer


def get_tokenizer(name: str, *, tokenizer_mode: str = "auto", **options: Any) -> Any:
    """Load one."""
    return AutoTokenizer.from_pretrained(name, **options)
