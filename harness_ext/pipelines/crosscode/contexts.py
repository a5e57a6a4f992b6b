"""The texts in which a feature fires most strongly, with the tokens on which it does."""

from dataclasses import dataclass

import numpy as np

from harness_ext.pipelines.crosscode.reading import CrosscoderReading, RowFirings

SHOWN = 6
_AROUND = 14
"""Tokens on either side of the one on which a feature fires most strongly."""


@dataclass(frozen=True, slots=True)
class ContextPiece:
    """A token's text, and how strongly the feature fires on it: 0 to 1, of its strongest."""

    text: str
    strength: float


@dataclass(frozen=True, slots=True)
class FiringContext:
    """Where a feature fires, in pieces that follow each other in the response of the row `row` of `arm`."""

    row: str
    arm: str
    pieces: tuple[ContextPiece, ...]


def top_contexts(reading: CrosscoderReading, feature: int) -> list[FiringContext]:
    """Return the texts, one a row, in which a feature fires most strongly, the strongest first."""
    tops = []
    for number, one in enumerate(reading.rows):
        own = one.value[one.feature == feature]
        if len(own):
            tops.append((float(own.max()), number))
    tops.sort(key=lambda top: (-top[0], top[1]))
    return [_context(reading.rows[number], feature, tops[0][0]) for _, number in tops[:SHOWN]]


def _context(one: RowFirings, feature: int, most: float) -> FiringContext:
    own = one.feature == feature
    tokens, values = one.token[own], one.value[own]
    strength = dict(zip(tokens.tolist(), (values / most).tolist(), strict=True))
    middle = int(tokens[np.argmax(values)])
    row = one.row
    pieces, before = [], None
    for token in range(max(0, middle - _AROUND), min(row.tokens, middle + _AROUND + 1)):
        if row.offsets is None:
            text = f"[{row.ids[row.start + token]}]"
        else:
            start, end = map(int, row.offsets[token])
            text = row.text[start if before is None else before : end]  # with blanks that no token has
            before = max(end, before or 0)
        pieces.append(ContextPiece(text, round(strength.get(token, 0.0), 3)))
    return FiringContext(str(row.row["id"]), str(row.row["arm"]), tuple(pieces))
