"""Which parts of a response each of its tokens belongs to, by pivot kind and by stage; they overlap."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distill.crosscoder.rows import CrosscodedRow
from distill.learnability.parts import NONE, part_of_tokens, trace_place
from synth.style import KINDS, STAGES

TOKEN_PARTS = ("before a pivot", "pivot", *(f"pivot: {kind}" for kind in KINDS), *STAGES, "outside stages")
"""Before a pivot is the last token before a phrase of the lexicon, where a model settles to write one; stages
hold their pivots; outside stages are think tags, what stands between stages, and the answer.
"""
Masks = npt.NDArray[np.bool_]


def token_parts(row: CrosscodedRow) -> Masks:
    """Return for each token of the response whether it is of each part, (tokens, parts of `TOKEN_PARTS`);
    all False where the tokenizer doesn't say where its tokens stand.
    """
    found = np.zeros((row.tokens, len(TOKEN_PARTS)), dtype=bool)
    if row.offsets is None:
        return found
    offsets = [(int(start), int(end)) for start, end in row.offsets]
    kind = _codes(row, offsets, [(KINDS.index(one["kind"]), one) for one in row.row["pivots"]])
    stage = _codes(row, offsets, [(STAGES.index(one["stage"]), one) for one in row.row["stages"]])
    number = _codes(row, offsets, [(at % NONE, one) for at, one in enumerate(row.row["pivots"])])
    # a pivot's first token: one of a pivot after another's or none
    first = (number != NONE) & (number != np.concatenate([[NONE], number[:-1]]))
    found[:-1, 0] = first[1:]
    found[:, 1] = kind != NONE
    for at in range(len(KINDS)):
        found[:, 2 + at] = kind == at
    for at in range(len(STAGES)):
        found[:, 2 + len(KINDS) + at] = stage == at
    found[:, -1] = stage == NONE
    return found


def _codes(
    row: CrosscodedRow, offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, Mapping[str, Any]]]
) -> npt.NDArray[np.int8]:
    """Return of each token the code of the span of the trace in which it begins, else NONE."""
    codes = np.full(len(row.text), NONE, dtype=np.int8)
    if (start := trace_place(row.row, row.text)) >= 0:
        for code, one in spans:
            codes[start + one["start"] : start + one["end"]] = code
    return part_of_tokens(codes, row.text, offsets)
