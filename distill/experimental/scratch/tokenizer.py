"""Experimental: the tokenizer of all models trained from nothing: byte-level BPE, trained on the curriculum's
text, in which a number is its digits.
"""

from collections.abc import Iterable, Sequence
from typing import Any

START, TURN, END_OF_TURN, END_OF_TEXT, PAD = (
    "<|scratch|>",
    "<|turn|>",
    "<|end_of_turn|>",
    "<|end_of_text|>",
    "<|pad|>",
)
SPECIAL = (START, TURN, END_OF_TURN, END_OF_TEXT, PAD)
VOCABULARY = 2048
"""Number of tokens, `SPECIAL` being the first."""

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|end_of_turn|>{%"
    " endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
# A symbol of the source chain (a capital letter with a digit) is a piece that no space is part of, wherever
# it stands: an arrow or comma before it is one with the spaces around. So is each digit of a number.
_SYMBOL = r"[A-Z][0-9](?![0-9])"
_PIECES = rf"{_SYMBOL}|[0-9]| ?[^\sA-Za-z0-9]+ (?={_SYMBOL})| (?={_SYMBOL})| ?[A-Za-z]+|'[a-z]+| ?[^\sA-Za-z0-9]+|\s+"  # noqa: E501


def chat_prompt(message: str) -> str:
    """Return what the chat template makes of one user message, the assistant's turn opened."""
    return f"{START}{TURN}user\n{message}{END_OF_TURN}{TURN}assistant\n"


def train_tokenizer(texts: Iterable[str]) -> Any:
    """Return a transformers tokenizer trained on *texts*; the same texts give the same bytes."""
    from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, trainers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(BPE())
    split = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=START, eos_token=END_OF_TEXT, pad_token=PAD
    )
    tokenizer.add_special_tokens({"additional_special_tokens": [TURN, END_OF_TURN]})
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def encode_batch(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of texts; special tokens in them are read as such, and none are added."""
    return [
        one.ids for one in tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ]
