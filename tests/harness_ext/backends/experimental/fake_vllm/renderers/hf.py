"""Chat templates."""

from typing import Any


def resolve_chat_template(tokenizer: Any, **_: Any) -> Any:
    """Return the tokenizer's own."""
    return tokenizer.chat_template
