"""Lexicons: versioned lists of pivot phrases, and where their phrases stand in a text."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from synth.errors import StylerepError

KINDS = ("realization", "verification", "exploration", "integration")
_FOLDER = resources.files("synth.style") / "lexicons"
# A sentence or line begins at the start of the text, after a line break, or after . ! ? : and a
# space; list marks, quotes and emphasis may stand before the first word.
_BEGINS = r"(?:(?<![^\n])|(?<=[.!?:][ ])|(?<=[.!?][)\"'*][ ])|(?<=[\n\"'*#>(-])|(?<=[-*>] ))"


@dataclass(frozen=True, slots=True)
class Pivot:
    """One pivot phrase found in a text: its kind, its wording in lower case, and its character span."""

    kind: str
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The pivot phrases of one language, compiled into a single pattern."""

    language: str
    version: int
    kinds: dict[str, str]
    """Phrase (lower case, single spaces) to its kind."""
    _pattern: re.Pattern[str]

    def find(self, text: str) -> Iterator[Pivot]:
        """Yield the pivots of *text* from left to right, none overlapping."""
        for found in self._pattern.finditer(text):
            phrase = " ".join(found.group().lower().replace("\u2019", "'").split())
            yield Pivot(self.kinds[phrase], phrase, found.start(), found.end())

    @property
    def signature(self) -> str:
        """Name the lexicon and its version, such as ``en/1``."""
        return f"{self.language}/{self.version}"


@functools.cache
def load_lexicon(language: str = "en") -> Lexicon:
    """Return the lexicon of a language code; raise StylerepError if there is none."""
    path = _FOLDER / f"{language}.yaml"
    if not path.is_file():
        raise StylerepError(f"There is no lexicon for the language {language!r}.")
    return _compile(yaml.safe_load(path.read_text(encoding="utf-8")))


def _compile(content: dict[str, Any]) -> Lexicon:
    kinds: dict[str, str] = {}
    begins: dict[str, bool] = {}
    for kind in KINDS:
        for place, at_start in (("start", True), ("anywhere", False)):
            for phrase in content["kinds"][kind].get(place, []):
                kinds[phrase], begins[phrase] = kind, at_start
    undone = content.get("not_before", {})
    parts = []
    for phrase in sorted(kinds, key=len, reverse=True):
        words = r"\s+".join(re.escape(word).replace("'", "['\u2019]") for word in phrase.split())
        guard = "|".join(re.escape(word) for word in undone.get(phrase, []))
        parts.append((_BEGINS if begins[phrase] else r"\b") + words + r"(?!\w)" + (rf"(?!\s+(?:{guard})\b)" if guard else ""))
    return Lexicon(content["language"], content["version"], kinds, re.compile("|".join(parts), re.IGNORECASE))
