"""Turns rows of a trace data set into token ids and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from distill.families import Family
from synth.errors import StylerepError

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Encoded:
    """One training row: token ids, and how many of them are prompt."""

    input_ids: list[int]
    prompt_length: int


def prompt_text(tokenizer: Any, messages: Sequence[dict[str, str]]) -> str:
    """Return the prompt as the model sees it: the chat template up to the assistant's turn.

    A tokenizer without a chat template gets the messages' text alone, ending in a newline.
    """
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))
    return "\n".join(message["content"] for message in messages) + "\n"


def encode(row: dict[str, Any], tokenizer: Any, family: Family, max_length: int) -> Encoded:
    """Encode one row: prompt, raw response, end of turn.

    The response is appended as it is, never rendered by the chat template (several drop the trace
    from assistant turns). Prompt and response are tokenised apart, as they are in generation.
    Raises StylerepError, naming the row, where it exceeds *max_length* tokens or where the labels
    would not decode back to the response.
    """
    prompt = tokenizer(prompt_text(tokenizer, row["prompt"]), add_special_tokens=False)["input_ids"]
    response = tokenizer(row["response"], add_special_tokens=False)["input_ids"]
    if tokenizer.decode(response, skip_special_tokens=False, clean_up_tokenization_spaces=False) != row["response"]:
        raise StylerepError(f"Row {row['id']}: this tokenizer changes the text of the response, so it cannot be trained on faithfully.")
    ids = [*prompt, *response, tokenizer.convert_tokens_to_ids(family.end_of_turn)]
    if len(ids) > max_length:
        raise StylerepError(f"Row {row['id']}: {len(ids)} tokens exceed the limit of {max_length}; raise --max-length or leave it out of every arm.")
    return Encoded(ids, len(prompt))


class Collator:
    """Pads a batch on the right; prompts and padding carry no label.

    Padding is masked by position, never by token id: a model whose pad token is its EOS token still
    learns to stop. `logits_to_keep` (positions, shape (K,)) lists the columns before which some row
    has a label: the model computes no other logits.
    """

    def __init__(self, pad_token_id: int) -> None:
        self._pad = pad_token_id

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return ``input_ids``, ``attention_mask``, ``labels`` (batch, length) and ``logits_to_keep``."""
        length = max(len(row["input_ids"]) for row in rows)
        ids = torch.full((len(rows), length), self._pad)
        mask = torch.zeros((len(rows), length), dtype=torch.long)
        labels = torch.full((len(rows), length), IGNORED)
        for i, row in enumerate(rows):
            tokens = torch.tensor(row["input_ids"])
            ids[i, : len(tokens)] = tokens
            mask[i, : len(tokens)] = 1
            labels[i, row["prompt_length"] : len(tokens)] = tokens[row["prompt_length"] :]
        keep = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().squeeze(1)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels, "logits_to_keep": keep}
