"""Where a text names something: its sentences, mentions of things by name, and pronouns."""

import bisect
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_MARKUP = {ord(sign): None for sign in "*_`"} | {ord("\u2011"): "-", ord("\u00a0"): " "}
_CAPITAL = re.compile(r"(?<![^\W_])[A-Z][^\W_]*")
_PRONOUN = re.compile(r"\b(?:he|him|his|she|her|it|its|(?<=from )(?:there|this|that|here))\b", re.IGNORECASE)
# A row of marks is looked at once, from its beginning, however long it is.
_END = re.compile(r"(?<![.!?…。！？])[.!?…。！？]++(?=[\"'”’)\]]*(?:\s|\Z))|\n\s*")


class Mark(NamedTuple):
    """Where a thing is mentioned, or where a pronoun stands (in lower case)."""

    start: int
    end: int
    thing: str


class Pronouns:
    """The pronouns of a text."""

    def __init__(self, text: str) -> None:
        self._marks = [
            Mark(found.start(), found.end(), found[0].lower()) for found in _PRONOUN.finditer(text)
        ]
        self._starts = [mark.start for mark in self._marks]

    def within(self, start: int, end: int, *, last: bool = False) -> Mark | None:
        """Return the first or the last pronoun that starts in a part of the text."""
        if not self._marks:
            return None
        i = bisect.bisect_left(self._starts, end) - 1 if last else bisect.bisect_left(self._starts, start)
        return self._marks[i] if 0 <= i < len(self._marks) and start <= self._starts[i] < end else None


def without_markup(trace: str) -> str:
    """Return a trace without the signs for bold, italics and code, and with plain hyphens and spaces."""
    return trace.translate(_MARKUP)


def sentences(text: str) -> Iterable[tuple[int, bool]]:
    """Yield where each sentence or line ends, and whether it is a question."""
    for found in _END.finditer(text):
        yield found.end(), "?" in found[0] or "？" in found[0]
    yield len(text), False


def mentions(text: str, names: Mapping[str, str]) -> list[Mark]:
    """Return where things are named in a text; *names* are theirs by the first word.

    "Haltec Works" is found by "Haltec", with or without the second word, and "Karonias" is Karonia.
    """
    marks = []
    for found in _CAPITAL.finditer(text):
        word = found[0]
        name = names.get(word) or (names.get(word[:-1]) if word[-1] == "s" else None)
        if name:
            rest = name[len(word) :] if name.startswith(word) else ""
            end = found.end() + (len(rest) if rest and text.startswith(rest, found.end()) else 0)
            marks.append(Mark(found.start(), end, name))
    return marks
