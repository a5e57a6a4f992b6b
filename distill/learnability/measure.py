"""Measures how learnable rows are for a student, from one pass of it over each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill.learnability.parts import PARTS, Codes, part_of_characters, part_of_tokens
from distill.models.families import Family
from distill.reading.reader import TokenScores, TreeReader
from distill.reading.token_tree import WantedTokens
from distill.training.encode import RowTooLong, completion, encode, prompt_text
from synth.errors import StylerepError

RANK_LIMIT = 100
"""Ranks beyond are taken as this one, as the rank-surprisal ratio has it."""
Value = float | int | None


@dataclass(frozen=True, slots=True)
class StudentRow:
    """A row as the student reads it: the tokens it would learn, end of turn left out, and their parts, of
    which there are none where the tokenizer does not say where its tokens stand.
    """

    wanted: WantedTokens
    parts: Codes | None


def student_row(row: Mapping[str, Any], tokenizer: Any, family: Family, max_length: int) -> StudentRow:
    """Encode a row as training does; raise StylerepError where training would refuse it."""
    try:
        encoded = encode(dict(row), tokenizer, family, max_length)
    except RowTooLong as error:
        raise StylerepError(
            f"{error.says}, which is as much as this student reads; leave it out of every arm."
        ) from error
    wanted = WantedTokens(encoded.input_ids[:-1], encoded.prompt_length)
    if not getattr(tokenizer, "is_fast", False):
        return StudentRow(wanted, None)
    text = completion(prompt_text(tokenizer, row["prompt"], family), row["response"], family.think)
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return StudentRow(wanted, part_of_tokens(part_of_characters(row, text), text, offsets))


def learnability_of(row: StudentRow, scores: TokenScores, ranked: bool = True) -> dict[str, Value]:
    """Return what is said of one row, by column name; unless it is *ranked*, nothing of ranks.

    ``tokens``; ``surprisal``, mean nats a token; ``rank``, the mean rank in the vocabulary, from 1 to 100,
    where ranks end; ``rank_surprisal_ratio``, the summed ranks by the summed surprisals (Yang et al. 2026,
    arXiv:2601.14249, with their limit of 100; lower is better); and for each part ``tokens_PART`` and
    ``surprisal_PART``. None where there is nothing to divide by.
    """
    ranks = np.minimum(scores.ranks, RANK_LIMIT)
    total = float(scores.surprisal.sum())
    found: dict[str, Value] = {
        "tokens": len(ranks),
        "surprisal": _mean(scores.surprisal),
        "rank": _mean(ranks) if ranked else None,
        "rank_surprisal_ratio": float(ranks.sum()) / total if total > 0 and ranked else None,
    }
    for number, part in enumerate(PARTS):
        own = row.parts == number if row.parts is not None else np.zeros(len(ranks), dtype=bool)
        found[f"tokens_{part}"] = int(own.sum()) if row.parts is not None else None
        found[f"surprisal_{part}"] = _mean(scores.surprisal[own])
    return found


def measure(
    reader: TreeReader, rows: Sequence[StudentRow], told: Callable[[int], None] = lambda _: None
) -> Iterator[dict[str, Value]]:
    """Yield what `learnability_of` says of each row, in their order. Rows that begin alike, such as those of
    one problem's arms, are read together up to where they differ.
    """
    for row, scores in zip(rows, reader.scores([row.wanted for row in rows], told), strict=True):
        yield learnability_of(row, scores)


def _mean(values: Any) -> float | None:
    return float(values.mean()) if len(values) else None
