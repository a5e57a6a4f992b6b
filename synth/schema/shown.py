"""A value as a sentence may show it: short, on one line, printable."""

import reprlib

from synth.printable import printable

_LONGEST = 120
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxstring, _SHORT.maxother = 3, 4, 4, 60, 60


def shown(value: object) -> str:
    """Return a value's repr in at most 120 characters of one line; control characters and lone surrogates are
    escaped, however large or deep it is.
    """
    try:
        text = _SHORT.repr(value)
    except (ValueError, RecursionError):  # a whole number of more digits than Python turns into text
        text = f"a value of type {type(value).__name__}"
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
