"""Experimental: the steps of a training from nothing: rows of the curriculum as token ids,
in batches of rows of about the same length.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from distill.experimental.scratch.curriculum import rows
from distill.experimental.scratch.names import SOURCES
from distill.experimental.scratch.tokenizer import END_OF_TEXT, END_OF_TURN, START, chat_prompt, encode_batch
from distill.training.encode import IGNORED
from synth.seeding import generator

STEP_TOKENS = 1024
GROUP_STEPS = 64
_DRAWN = 128
_LONGEST = 1024

Encoded = tuple[list[int], int]
Batch = tuple[torch.Tensor, torch.Tensor]


def steps_of(tokens: int) -> int:
    """Return how many steps a training on so many tokens has."""
    return max(1, round(tokens / STEP_TOKENS))


def group_batches(
    tokenizer: Any, seed: int, group: int, total: int, sources: Sequence[str] = SOURCES
) -> list[Batch]:
    """Return the batches of a group of `GROUP_STEPS` steps (fewer in the last) of a training of *total* steps
    on *sources*: inputs and labels (rows, length).

    Each has about `STEP_TOKENS` tokens. Rows are sorted by length within a group and padded on the right, so
    that little is padding, and no row sees another. Labels are those of responses and of texts.
    """
    first = group * GROUP_STEPS
    steps = min(GROUP_STEPS, total - first)
    encoded: list[Encoded] = []
    held, part = 0, 0
    while held < steps * STEP_TOKENS:
        drawn = _encoded(tokenizer, seed, group * 1000 + part, first / total, sources)
        encoded += drawn
        held += sum(len(ids) for ids, _ in drawn)
        part += 1
    while held - len(encoded[-1][0]) >= steps * STEP_TOKENS:
        held -= len(encoded.pop()[0])
    batches = [
        _padded(tokenizer, part) for part in _cut(sorted(encoded, key=lambda one: len(one[0])), held, steps)
    ]
    generator("scratch order", seed, group).shuffle(batches)
    return batches


def _encoded(tokenizer: Any, seed: int, part: int, progress: float, sources: Sequence[str]) -> list[Encoded]:
    drawn = rows(seed, part, progress, _DRAWN, sources)
    starts = encode_batch(tokenizer, [chat_prompt(row.message) if row.message else START for row in drawn])
    ends = encode_batch(
        tokenizer, [row.response + (END_OF_TURN if row.message else END_OF_TEXT) for row in drawn]
    )
    return [
        (start + end, len(start))
        for start, end in zip(starts, ends, strict=True)
        if len(start) + len(end) <= _LONGEST
    ]


def _cut(ordered: list[Encoded], held: int, steps: int) -> Iterator[list[Encoded]]:
    """Yield *steps* parts of about the same number of tokens, none empty."""
    part: list[Encoded] = []
    passed, cut = 0, 0
    for place, row in enumerate(ordered):
        part.append(row)
        passed += len(row[0])
        if passed >= held * (cut + 1) / steps or len(ordered) - place - 1 == steps - cut - 1:
            yield part
            part, cut = [], cut + 1


def _padded(tokenizer: Any, part: list[Encoded]) -> Batch:
    longest = max(len(ids) for ids, _ in part)
    inputs = torch.full((len(part), longest), tokenizer.pad_token_id)
    labels = torch.full((len(part), longest), IGNORED)
    for place, (ids, prompt) in enumerate(part):
        tokens = torch.tensor(ids)
        inputs[place, : len(ids)] = tokens
        labels[place, prompt : len(ids)] = tokens[prompt:]
    return inputs, labels
