"""Which part of a response each of its tokens belongs to: a pivot, a step, the conclusion."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.formats import OPEN

PARTS = ("pivot", "framing", "step", "check", "wrong_turn", "conclusion")
"""Every token is of one of these, or of none (think tags, the trace of the arm ``dots``).

A pivot is a phrase of the lexicon. Outside pivots and wrong turns, ``framing``, ``step``, ``check`` and
``conclusion`` are the stages framing, exploration, verification and synthesis; what follows the trace is
conclusion too.
"""
NONE = len(PARTS)
_OF_STAGE = {"framing": "framing", "exploration": "step", "verification": "check", "synthesis": "conclusion"}
# The tag that ends a trace, in whatever form the family has it, and the blanks around it.
_CLOSING = re.compile(r"\s*(?:<[^<>\n]{1,40}>|\[[^\[\]\n]{1,40}\])\s*")
Codes = npt.NDArray[np.int8]


def part_of_characters(row: Mapping[str, Any], text: str) -> Codes:
    """Return the part of each character of what a model is trained to write for a row of a trace data set:
    an index into PARTS, or NONE; shape (characters,).

    *text* is the response as it follows the prompt: the chat template may have opened the trace itself.
    """
    codes = np.full(len(text), NONE, dtype=np.int8)
    trace, start = row["trace"], trace_place(row, text)
    if start < 0:
        codes[:] = PARTS.index("conclusion")
        return codes
    for one in row["stages"]:
        codes[start + one["start"] : start + one["end"]] = PARTS.index(_OF_STAGE[one["stage"]])
    for one in row["wrong_turns"]:
        codes[start + one["start"] : start + one["end"]] = PARTS.index("wrong_turn")
    for one in row["pivots"]:
        codes[start + one["start"] : start + one["end"]] = PARTS.index("pivot")
    after = _CLOSING.match(text, start + len(trace))
    codes[after.end() if after else start + len(trace) :] = PARTS.index("conclusion")
    return codes


def trace_place(row: Mapping[str, Any], text: str) -> int:
    """Return where in the response the trace of a row begins; -1 where it has none."""
    trace = row["trace"]
    return text.find(trace, len(OPEN) if text.startswith(OPEN) else 0) if trace else -1


def part_of_tokens(codes: Codes, text: str, offsets: Sequence[tuple[int, int]]) -> Codes:
    """Return the part of each token, given where it begins and ends in the text: that of its first character
    that is no blank, of a blank token that of its first; shape (tokens,).
    """
    found = np.full(len(offsets), NONE, dtype=np.int8)
    for number, (start, end) in enumerate(offsets):
        piece = text[start:end]
        place = start + len(piece) - len(piece.lstrip()) if piece.strip() else start
        if place < len(text):
            found[number] = codes[place]
    return found
