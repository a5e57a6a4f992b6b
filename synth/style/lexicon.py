"""Lexicons: versioned lists of phrases, and where they stand in a text.

All phrases of a language (pivots, and cues of the stages) are found in one pass of an Aho–Corasick
automaton over the folded text, so the time grows with the text and not with the list. What the
automaton reports is then held against the rules of each phrase: whole words, the beginning of a
sentence where the lexicon asks for it, and the words that undo it.
"""

import functools
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import ahocorasick_rs
import numpy as np
import numpy.typing as npt
import yaml

from synth.errors import StylerepError
from synth.style.characters import BoolArray, Characters, IntArray, look

KINDS = ("realization", "verification", "exploration", "integration")
STAGES = ("framing", "exploration", "verification", "synthesis")
CUES = (*STAGES, "answer", "backtrack")
LANGUAGES = ("en", "zh")
_FOLDER = resources.files("synth.style") / "lexicons"

_WINDOW = 60
# What may stand before a word is folded into a space.
_ASCII_BEFORE = '\n\t\r"*_([{>#$\\'
_BEYOND_ASCII_FOLD = {"\u201c": " ", "\u2018": " ", "\u0130": "i", "\u212a": "k"}
_ASCII_FOLD = (
    bytes(range(256)).lower().translate(bytes.maketrans(_ASCII_BEFORE.encode(), b" " * len(_ASCII_BEFORE)))
)
_LENGTH_BITS = 16
# Stands between texts that are matched together: a line of its own that is no word and no space,
# so that nothing reaches over it.
_BETWEEN = "\n\0\n"


class Pivot(NamedTuple):
    """One pivot phrase found in a text: its kind, its wording as the lexicon has it, and its character
    span.
    """

    kind: str
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """Phrases found in a text, in its order, none overlapping: index into the lexicon's phrases,
    and character spans.
    """

    phrases: IntArray
    starts: IntArray
    ends: IntArray


@dataclass(frozen=True, slots=True)
class Matches:
    """All that a lexicon finds in a text. Cues may overlap pivots;
    `openers` and `first_person` are places outside pivots.
    """

    pivots: FoundPhrase
    cues: FoundPhrase
    openers: IntArray
    first_person: IntArray


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of a lexicon: its wording, its kind (a pivot) or stage (a cue),
    and whether it must begin a sentence.
    """

    wording: str
    label: str
    at_start: bool
    not_before: re.Pattern[str] | None
    not_after: re.Pattern[str] | None

    @property
    def guarded(self) -> bool:
        """Whether the words around it can undo it."""
        return self.not_before is not None or self.not_after is not None

    def undone(self, text: str, start: int, end: int) -> bool:
        """Say whether the words around a place of the phrase undo it."""
        if self.not_before and self.not_before.match(text, end, end + _WINDOW):
            return True
        return bool(self.not_after and self.not_after.search(text, max(0, start - _WINDOW), start))


@dataclass(frozen=True, slots=True)
class _Layer:
    """The phrases of one layer, and for each pattern of the automaton the phrase it stands for, or -1."""

    phrases: tuple[Phrase, ...]
    by_pattern: IntArray
    anywhere: BoolArray
    """For each pattern whether it counts wherever it stands."""
    starting: BoolArray
    """For each pattern whether it counts at the beginning of a sentence."""
    at_start: BoolArray
    guarded: BoolArray
    labels: IntArray
    """For each phrase the index of its label among KINDS or CUES."""


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """The phrases of one language, compiled."""

    language: str
    version: int
    negative_cases: dict[str, list[str]]
    """Pivot phrase to sentences in which it must not count."""
    _spaced: bool
    _automaton: ahocorasick_rs.BytesAhoCorasick
    _pivots: _Layer
    _cues: _Layer
    _openers: BoolArray
    _first_person: BoolArray
    _leads: BoolArray
    """For each pattern whether what follows it begins a sentence where it does itself: openers and pivots."""
    _letters: str
    """Words of the first person that are one capital letter; an automaton would stop at every i."""

    @property
    def pivots(self) -> tuple[Phrase, ...]:
        """All pivot phrases; what `match` finds indexes into them."""
        return self._pivots.phrases

    @property
    def cues(self) -> tuple[Phrase, ...]:
        """All cues of the stages; what `match` finds indexes into them."""
        return self._cues.phrases

    @property
    def pivot_kinds(self) -> IntArray:
        """For each pivot phrase the index of its kind in KINDS."""
        return self._pivots.labels

    @property
    def cue_labels(self) -> IntArray:
        """For each cue the index of what it hints at in CUES."""
        return self._cues.labels

    @property
    def cues_at_start(self) -> BoolArray:
        """For each cue whether it must begin a sentence."""
        return self._cues.at_start

    @property
    def signature(self) -> str:
        """Name the lexicon and its version, such as ``en/2``."""
        return f"{self.language}/{self.version}"

    def find(self, text: str) -> list[Pivot]:
        """Return the pivots of *text* from left to right, none overlapping."""
        return self.as_pivots(self.match(text, look(text)).pivots)

    @property
    def spaced(self) -> bool:
        """Whether words of the language are separated by spaces."""
        return self._spaced

    def find_each(self, texts: Sequence[str]) -> list[list[Pivot]]:
        """Find the pivots of many texts in one pass: the same as `find` of each,
        several times as fast where they are short.
        """
        if not texts:
            return []
        joined = _BETWEEN.join(texts)
        lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts)) + len(_BETWEEN)
        begins = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        found = self.match(joined, look(joined)).pivots
        of_text = begins.searchsorted(found.starts, side="right") - 1
        each: list[list[Pivot]] = [[] for _ in texts]
        spans = zip(
            of_text.tolist(),
            found.phrases.tolist(),
            (found.starts - begins[of_text]).tolist(),
            (found.ends - begins[of_text]).tolist(),
            strict=True,
        )
        for text, phrase, start, end in spans:
            each[text].append(Pivot(self.pivots[phrase].label, self.pivots[phrase].wording, start, end))
        return each

    def as_pivots(self, found: FoundPhrase) -> list[Pivot]:
        """Name what `match` found."""
        spans = zip(found.phrases.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)
        return [
            Pivot(self.pivots[phrase].label, self.pivots[phrase].wording, start, end)
            for phrase, start, end in spans
        ]

    def match(self, text: str, characters: Characters) -> Matches:
        """Find all phrases of *text* in one pass."""
        folded, places = _fold(text, self._spaced)
        hits = self._automaton.find_matches_as_indexes(folded, overlapping=True)
        if not hits:
            return Matches(_NOTHING, _NOTHING, _NOTHING.starts, self._lone_letters(text, characters))
        found = np.fromiter(itertools.chain.from_iterable(hits), dtype=np.intp, count=3 * len(hits))
        del hits, folded  # of a long text they are most of what is held
        # a pattern begins with the space before it
        patterns, starts, ends = found[::3], found[1::3], found[2::3] - self._spaced
        if places is not None:
            starts, ends = places[starts].astype(np.intp), places[ends - 1].astype(np.intp) + 1
        if self._spaced:
            whole = characters.ends_word(ends)
            patterns, starts, ends = patterns[whole], starts[whole], ends[whole]
        beginning = self._beginnings(patterns, starts, ends, characters)[starts]
        pivots = self._layer(self._pivots, text, patterns, starts, ends, beginning)
        cues = self._layer(self._cues, text, patterns, starts, ends, beginning)
        openers = starts[self._openers[patterns] & beginning]
        if len(openers) > 1:  # one, where a longer opener begins with a shorter one
            openers.sort()
            openers = openers[np.append(True, openers[1:] != openers[:-1])]
        first_person = np.concatenate(
            (starts[self._first_person[patterns]], self._lone_letters(text, characters))
        )
        return Matches(pivots, cues, _outside(openers, pivots), _outside(first_person, pivots))

    def _lone_letters(self, text: str, characters: Characters) -> IntArray:
        if any(f"{letter} " in text for letter in self._letters):
            return characters.alone(self._letters)
        return _NOTHING.starts

    def _beginnings(
        self, patterns: IntArray, starts: IntArray, ends: IntArray, characters: Characters
    ) -> BoolArray:
        """Mark where sentences begin, and what follows openers and pivots there: "But wait, maybe".

        What follows a pivot counts as a beginning because it is one once the pivot is taken away.
        """
        mark = np.zeros(characters.length + 1, dtype=bool)
        mark[characters.begins] = True
        leads = self._leads[patterns]
        opens, closes = starts[leads], ends[leads]
        for _ in range(4):
            reached = mark[opens]
            if not reached.any():
                break
            mark[characters.next_word(closes[reached])] = True
            opens, closes = opens[~reached], closes[~reached]
        return mark

    @staticmethod
    def _layer(
        layer: _Layer, text: str, patterns: IntArray, starts: IntArray, ends: IntArray, beginning: BoolArray
    ) -> FoundPhrase:
        kept = (layer.anywhere[patterns] | (layer.starting[patterns] & beginning)).nonzero()[0]
        if not len(kept):
            return _NOTHING
        starts, ends = starts[kept], ends[kept]
        order = np.argsort((starts << _LENGTH_BITS) - (ends - starts))  # by start, the longest first
        phrases, starts, ends = layer.by_pattern[patterns[kept[order]]], starts[order], ends[order]
        guarded = layer.guarded[phrases].nonzero()[0]
        if len(guarded):
            spans = zip(
                guarded.tolist(),
                phrases[guarded].tolist(),
                starts[guarded].tolist(),
                ends[guarded].tolist(),
                strict=True,
            )
            undone = [i for i, phrase, start, end in spans if layer.phrases[phrase].undone(text, start, end)]
            if undone:
                phrases, starts, ends = (np.delete(array, undone) for array in (phrases, starts, ends))
        chosen = _longest_first(starts, ends)
        return (
            FoundPhrase(phrases, starts, ends)
            if chosen is None
            else FoundPhrase(phrases[chosen], starts[chosen], ends[chosen])
        )


_NOTHING = FoundPhrase(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.intp))


def _outside(places: IntArray, pivots: FoundPhrase) -> IntArray:
    """Return the places that lie in no pivot."""
    if not len(pivots.starts) or not len(places):
        return places
    before = pivots.starts.searchsorted(places, side="right")
    outside: IntArray = places[places >= np.append(-1, pivots.ends)[before]]
    return outside


def _longest_first(starts: IntArray, ends: IntArray) -> BoolArray | None:
    """Choose spans, sorted by start and falling end,
    from left to right so that none overlaps one chosen before; None says all.
    """
    clash = np.zeros(len(starts), dtype=bool)
    np.less(starts[1:], np.maximum.accumulate(ends)[:-1], out=clash[1:])
    if not clash.any():
        return None
    kept = ~clash
    # Mostly a longer phrase begins with shorter ones,
    # and all that clash lie in the one before them that does not.
    leader = np.maximum.accumulate(np.where(kept, np.arange(len(starts)), 0))
    if (starts < ends[leader])[clash].all():
        return kept
    free = 0
    # Only spans that clash, and those they may clash with, need a look each.
    looked = clash.copy()
    looked[:-1] |= clash[1:]
    looked = looked.nonzero()[0]
    for i, start, end, clashes in zip(
        looked.tolist(), starts[looked].tolist(), ends[looked].tolist(), clash[looked].tolist(), strict=True
    ):
        if start >= free or not clashes:
            kept[i] = True
            free = end
    return kept


@functools.cache
def load_lexicon(language: str = "en") -> Lexicon:
    """Return the lexicon of a language code; raise StylerepError if there is none."""
    path = _FOLDER / f"{language}.yaml"
    if language not in LANGUAGES or not path.is_file():
        raise StylerepError(
            f"There is no lexicon for the language {language!r}; there are {', '.join(LANGUAGES)}."
        )
    return _compile(yaml.safe_load(path.read_text(encoding="utf-8")))


def _compile(content: dict[str, Any]) -> Lexicon:
    spaced, guards = bool(content["spaced"]), content.get("guards", {})
    pivots = _phrases(content["kinds"], KINDS, guards, spaced)
    cues = _phrases(content["cues"], CUES, guards, spaced)
    openers, first_person = set(content["openers"]), set(content["first_person"])
    letters = "".join(word for word in first_person if len(word) == 1 and word.isupper())
    first_person -= set(letters)
    wordings = sorted({phrase.wording for phrase in (*pivots, *cues)} | openers | first_person)
    # A typographic apostrophe is another spelling of the same phrase.
    spellings = {
        spelling: wording for wording in wordings for spelling in (wording, wording.replace("'", "\u2019"))
    }
    patterns = [(" " * spaced + spelling).encode() for spelling in spellings]
    automaton = ahocorasick_rs.BytesAhoCorasick(patterns, implementation=ahocorasick_rs.Implementation.DFA)
    of_pattern = list(spellings.values())
    pivot_layer, is_opener = (
        _as_layer(pivots, KINDS, of_pattern),
        np.array([wording in openers for wording in of_pattern]),
    )
    return Lexicon(
        language=content["language"],
        version=content["version"],
        negative_cases=content.get("negative_cases", {}),
        _spaced=spaced,
        _automaton=automaton,
        _pivots=pivot_layer,
        _cues=_as_layer(cues, CUES, of_pattern),
        _openers=is_opener,
        _first_person=np.array([wording in first_person for wording in of_pattern]),
        _leads=is_opener | (pivot_layer.by_pattern >= 0),
        _letters=letters,
    )


def _phrases(
    section: dict[str, Any], labels: tuple[str, ...], guards: dict[str, Any], spaced: bool
) -> tuple[Phrase, ...]:
    return tuple(
        Phrase(
            wording,
            label,
            place == "start",
            _guard(guards, wording, "not_before", spaced),
            _guard(guards, wording, "not_after", spaced),
        )
        for label in labels
        for place in ("start", "anywhere")
        for wording in section[label].get(place, [])
    )


def _guard(guards: dict[str, Any], wording: str, side: str, spaced: bool) -> re.Pattern[str] | None:
    words = "|".join(re.escape(word) for word in guards.get(wording, {}).get(side, []))
    if not words:
        return None
    if side == "not_before":
        return re.compile(rf"\s{{1,9}}(?:{words})\b" if spaced else f"(?:{words})", re.IGNORECASE)
    return re.compile(rf"\b(?:{words})\s{{1,9}}\Z" if spaced else rf"(?:{words})\Z", re.IGNORECASE)


def _as_layer(phrases: tuple[Phrase, ...], labels: tuple[str, ...], of_pattern: list[str]) -> _Layer:
    index = {phrase.wording: i for i, phrase in enumerate(phrases)}
    by_pattern = np.array([index.get(wording, -1) for wording in of_pattern], dtype=np.intp)
    at_start = np.array([phrase.at_start for phrase in phrases])
    return _Layer(
        phrases,
        by_pattern,
        (by_pattern >= 0) & ~at_start[by_pattern],
        (by_pattern >= 0) & at_start[by_pattern],
        at_start,
        np.array([phrase.guarded for phrase in phrases]),
        np.array([labels.index(phrase.label) for phrase in phrases], dtype=np.intp),
    )


def _fold(text: str, spaced: bool) -> tuple[bytes, IntArray | npt.NDArray[np.int32] | None]:
    """Return *text* in small letters, as UTF-8, with spaces for what may stand before a word; and the place
    of each byte's character where they differ.

    For a language with spaces one more is put in front, so that every word follows one.
    Where a text has runs of spaces, each is made one.
    """
    if text.isascii():
        folded = text.encode().translate(_ASCII_FOLD)
        places: IntArray | npt.NDArray[np.int32] | None = None
    else:
        # No phrase has a letter beyond ASCII that is small or large,
        # so of those only the two count whose small form is i or k.
        plain = text
        for character, folded_to in _BEYOND_ASCII_FOLD.items():
            plain = plain.replace(character, folded_to)
        folded = plain.encode("utf-8", "replace").translate(_ASCII_FOLD)
        del plain
        places = np.cumsum((np.frombuffer(folded, dtype=np.uint8) & 0xC0) != 0x80, dtype=np.int32)
        places -= 1
    if "  " in text or "\t" in text:
        codes = np.frombuffer(folded, dtype=np.uint8)
        space = codes == 0x20
        kept = np.concatenate((~(space[1:] & space[:-1]), [True]))
        folded, places = codes[kept].tobytes(), kept.nonzero()[0] if places is None else places[kept]
    return b" " * spaced + folded, places
