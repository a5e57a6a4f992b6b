"""Turns rows of a trace data set into token ids and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jinja2 import TemplateError

from distill.models.families import Family
from distill.models.families.dated_template import default_template
from distill.models.families.special_tokens import special_ids
from distill.training.loss_on import tokens_left_out
from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN, closing_of, prompt_opening
from synth.schema import shown

IGNORED = -100


class RowTooLong(StylerepError):
    """A row has more tokens than there is room for."""

    def __init__(self, row: str, tokens: int, limit: int) -> None:
        """Take the row's id, its length in tokens, and the limit."""
        self.says = f"Row {row}: {tokens} tokens exceed the limit of {limit}"
        super().__init__(f"{self.says}; raise --max-length or leave it out of every arm.")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One training row: token ids, how many of them are prompt, and the places of those after it that have no
    label.
    """

    input_ids: list[int]
    prompt_length: int
    unlabelled: frozenset[int] = frozenset()

    @property
    def labelled(self) -> list[int]:
        """The places of the tokens that the loss counts."""
        return [
            place for place in range(self.prompt_length, len(self.input_ids)) if place not in self.unlabelled
        ]


def prompt_text(tokenizer: Any, messages: Sequence[dict[str, str]], family: Family) -> str:
    """Return the prompt as the model sees it: the chat template up to the assistant's turn.

    A tokenizer without a chat template gets the messages' text alone, as lm_eval puts it. Of several
    templates it is the one named ``default``. Raises StylerepError if the template refuses the messages, or
    leaves out what is asked: Qwen3's does so where a message's content is no text.
    """
    template = default_template(tokenizer)
    if unread := next((message for message in messages if not isinstance(message["content"], str)), None):
        raise StylerepError(f"expected a text as content of a message, found {shown(unread['content'])}.")
    if not template:
        return "\n".join(message["content"] for message in messages)
    try:
        text = str(
            tokenizer.apply_chat_template(
                list(messages),
                chat_template=template,
                add_generation_prompt=True,
                tokenize=False,
                **family.template_arguments,
            )
        )
    except TemplateError as error:
        raise StylerepError(f"The chat template refuses the prompt ({error}).") from error
    if messages and messages[-1]["content"].strip() not in text:
        raise StylerepError(
            f"the chat template leaves out or alters what is asked ({shown(messages[-1]['content'])})."
        )
    return text


def prompt_ids(tokenizer: Any, text: str) -> list[int]:
    """Return a prompt's token ids as lm_eval's ``hf`` makes them:
    a BOS token is added where the tokenizer does and the text has none.
    """
    doubled = tokenizer.bos_token is not None and text.startswith(tokenizer.bos_token)
    return list(tokenizer(text, add_special_tokens=not doubled)["input_ids"])


def completion(prompt: str, response: str, think: tuple[str, str]) -> str:
    """Return the text to generate after a prompt, so that the two together hold the response and each think
    tag once.

    Some chat templates open the trace themselves: the response's opening tag is then the prompt's, and a
    response without a trace closes it, by the tag that belongs to the prompt's (`synth.formats`). Raises
    StylerepError where a tag would be doubled.
    """
    end = prompt.rstrip()
    if end.endswith((think[1], CLOSE)) and OPEN in response:
        raise StylerepError(
            "the chat template has written a trace of its own (an empty one) before the response; see"
            " template_arguments of the family."
        )
    opening = think[0] + prompt[len(end) :] if end.endswith(think[0]) else prompt_opening(prompt)
    if not opening:
        return response
    tag, space = opening.rstrip(), opening[len(opening.rstrip()) :]
    closing = think[1] if tag == think[0] else closing_of(opening)
    if response.startswith(OPEN):
        return response.removeprefix(OPEN).removeprefix(space).replace(CLOSE, closing, 1)
    if OPEN in response or CLOSE in response:
        raise StylerepError(
            f"the chat template ends with {tag}, and the response holds think tags without beginning with"
            f" {OPEN}."
        )
    return f"{closing}\n\n{response}"


def encode(
    row: dict[str, Any], tokenizer: Any, family: Family, max_length: int, loss_on: str = "all"
) -> Encoded:
    """Encode one row: prompt, raw response, end of turn; *loss_on* says which of the response's tokens have
    labels (`distill.training.loss_on`).

    The response is appended as it is, never rendered by the chat template (several drop the trace
    from assistant turns). Prompt and response are tokenised apart, as they are in generation.
    Raises StylerepError, naming the row, where it exceeds *max_length* tokens, where the labels
    would not decode back to the response, and where lm_eval would not read them so: special tokens
    are dropped, and a think tag must neither vanish nor stand twice.
    """
    try:
        prompt = prompt_text(tokenizer, row["prompt"], family)
        text = completion(prompt, row["response"], family.think)
    except StylerepError as error:
        raise StylerepError(f"Row {row['id']}: {error}") from error
    labels = tokenizer(text, add_special_tokens=False)["input_ids"]
    if tokenizer.decode(labels, skip_special_tokens=False, clean_up_tokenization_spaces=False) != text:
        raise StylerepError(
            f"Row {row['id']}: this tokenizer changes the text of the response, so it cannot be trained on"
            " faithfully."
        )
    if dropped := sorted((set(labels) & special_ids(tokenizer)) - family.kept_ids(tokenizer)):
        raise StylerepError(f"Row {row['id']}: {_dropped(tokenizer.decode(dropped[:1]), family)}")
    start = prompt_ids(tokenizer, prompt)
    ids = [*start, *labels, tokenizer.convert_tokens_to_ids(family.end_of_turn)]
    if len(ids) > max_length:
        raise RowTooLong(row["id"], len(ids), max_length)
    if loss_on == "all":
        return Encoded(ids, len(start))
    spans = _spans(tokenizer, text, labels)
    left_out = tokens_left_out(row, text, spans, loss_on)
    return Encoded(ids, len(start), frozenset(len(start) + number for number in left_out))


def _spans(tokenizer: Any, text: str, labels: Sequence[int]) -> list[tuple[int, int]]:
    """Return the characters of *text* that each of its tokens stands for."""
    if not getattr(tokenizer, "is_fast", False):
        raise StylerepError(
            "--loss-on needs a tokenizer that says where its tokens lie, which this model's (a slow one) does"
            " not."
        )
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    if found["input_ids"] != labels:
        raise StylerepError(
            "--loss-on: this model's tokenizer does not cut a text into the same tokens twice."
        )
    return [(int(first), int(last)) for first, last in found["offset_mapping"]]


def _dropped(token: str, family: Family) -> str:
    if token in (*family.think, OPEN, CLOSE):
        return (
            f"the think tag {token} is a special token of this model, which would be dropped; say so in its"
            " family file (think: special: true)."
        )
    return (
        f"the response holds {token}, a special token of this model, which would be dropped; take it out of"
        " the text."
    )


def packed(rows: Sequence[Encoded]) -> dict[str, Any]:
    """Return rows laid end to end, as one sequence of T tokens, for a model whose attention keeps them apart
    (distill.training.fast.attention).

    What all prompts begin with (a chat template's system turn, say) stands once, at the beginning.
    ``input_ids`` and ``position_ids`` (1, T); ``logits_to_keep`` (K), the positions before labelled tokens;
    ``targets`` (K), those tokens; ``shared``, the length of the common beginning; ``lengths``,
    of what follows it in each row.
    """
    shared = _shared(rows)
    ids, positions = list(rows[0].input_ids[:shared]), list(range(shared))
    keep: list[int] = []
    targets: list[int] = []
    for row in rows:
        offset, length = len(ids) - shared, len(row.input_ids)
        keep.extend(offset + place - 1 for place in row.labelled)
        targets.extend(row.input_ids[place] for place in row.labelled)
        ids.extend(row.input_ids[shared:])
        positions.extend(range(shared, length))
    if not keep:  # a pass needs scores to begin from, though they count for nothing
        keep, targets = [len(ids) - 1], [IGNORED]
    return {
        "input_ids": torch.tensor(ids).unsqueeze(0),
        "position_ids": torch.tensor(positions).unsqueeze(0),
        "logits_to_keep": torch.tensor(keep),
        "targets": torch.tensor(targets),
        "shared": shared,
        "lengths": [len(row.input_ids) - shared for row in rows],
    }


def _shared(rows: Sequence[Encoded]) -> int:
    """Return how many tokens all prompts begin with, short of the last of any, which has the first label;
    0 for a row alone.
    """
    if len(rows) < 2:
        return 0
    first, most = rows[0].input_ids, min(row.prompt_length for row in rows) - 1
    return next(
        (place for place in range(most) if any(row.input_ids[place] != first[place] for row in rows)), most
    )


def padded(rows: Sequence[Encoded], pad_token_id: int) -> dict[str, Any]:
    """Return rows padded on the right to the length L of the longest, for any model.

    ``input_ids`` and ``attention_mask`` (rows, L); ``logits_to_keep`` (K), the columns before which some row
    has a label; ``targets`` (rows, K), `IGNORED` where a row has none there. Padding is masked by position,
    never by token id: a model whose pad token is its EOS token still learns to stop.
    """
    length = max(len(row.input_ids) for row in rows)
    ids = torch.full((len(rows), length), pad_token_id)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    labels = torch.full((len(rows), length), IGNORED)
    for i, row in enumerate(rows):
        tokens = torch.tensor(row.input_ids)
        ids[i, : len(tokens)] = tokens
        mask[i, : len(tokens)] = 1
        labels[i, row.labelled] = tokens[row.labelled]
    keep = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().squeeze(1)
    if not len(keep):  # a pass needs scores to begin from, though they count for nothing
        keep = torch.tensor([length - 2])
    return {"input_ids": ids, "attention_mask": mask, "logits_to_keep": keep, "targets": labels[:, keep + 1]}
