"""Takes pivots out of a text and leaves the rest readable."""

import re
from collections.abc import Iterable

from synth.style.lexicon import Pivot

_AFTER = re.compile(r"[,:;.!?\u2026\uff0c\u3002\uff01\uff1f]*[ \t]*")


def without_pivots(text: str, pivots: Iterable[Pivot]) -> str:
    """Return *text* without some of the pivots that `Lexicon.find` found in it.

    The punctuation and space after a pivot go with it, and where it opened with a capital the next word does.
    What is left may, rarely, read as another phrase of the lexicon.
    """
    pieces: list[str] = []
    last = len(text)
    for pivot in sorted(pivots, key=lambda one: one.start, reverse=True):
        gap = _AFTER.match(text, pivot.end, last)
        end = gap.end() if gap else pivot.end
        if end < last:
            pieces.append(text[end:last])
        if text[pivot.start].isupper() and pieces:
            pieces[-1] = pieces[-1][:1].upper() + pieces[-1][1:]
        last = pivot.start
    return text[:last] + "".join(reversed(pieces))
