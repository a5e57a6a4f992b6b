"""Which rows of data sets a crosscoder reads: encoded as in training, and held out by problem."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill.models.families import Family
from distill.training.encode import RowTooLong, completion, encode, prompt_text
from synth.errors import StylerepError
from synth.seeding import digest

HELD_OUT = 10
"""One problem in so many is held out."""


@dataclass(frozen=True, slots=True)
class CrosscodedRow:
    """A row as both models read it: `ids` up to the end of turn, which is left out, of which those from
    `start` on are the response.

    `text` is the response as it follows the prompt, and `offsets` (tokens, 2) where in it each token of the
    response begins and ends; None where the tokenizer doesn't say.
    """

    row: Mapping[str, Any]
    ids: list[int]
    start: int
    text: str
    offsets: np.ndarray[Any, np.dtype[np.int64]] | None

    @property
    def tokens(self) -> int:
        """How many tokens of the response there are."""
        return len(self.ids) - self.start


def crosscoded_row(row: Mapping[str, Any], tokenizer: Any, family: Family, max_length: int) -> CrosscodedRow:
    """Encode a row as training does; raise StylerepError where training would refuse it."""
    try:
        encoded = encode(dict(row), tokenizer, family, max_length)
    except RowTooLong as error:
        raise StylerepError(f"{error.says}, which is as much as this model reads; leave it out.") from error
    text = completion(prompt_text(tokenizer, row["prompt"], family), row["response"], family.think)
    offsets = None
    if getattr(tokenizer, "is_fast", False):
        found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        offsets = np.array(found, dtype=np.int64).reshape(-1, 2)
    # A first token is an attention sink whose norm is a hundred times the others'; a prompt that is empty
    # would make it one of the response's.
    return CrosscodedRow(row, encoded.input_ids[:-1], max(encoded.prompt_length, 1), text, offsets)


def is_held_out(row: Mapping[str, Any]) -> bool:
    """Say whether a row's problem is held out of fitting: by its id alone, so in every arm."""
    return digest("crosscoder", row["id"]) % HELD_OUT == 0


def split_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Return the rows to fit on, and those held out."""
    fitted: list[Any] = []
    held: list[Any] = []
    for row in rows:
        (held if is_held_out(row) else fitted).append(row)
    return fitted, held
