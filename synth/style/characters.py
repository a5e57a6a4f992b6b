"""Where words and sentences begin: one vectorised look at the characters of a text.

Everything here is a few array operations over code points, so the time is linear in the text
whatever it holds.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]

# Classes of characters, one bit each. All above _WORD are gaps: what may stand between two sentences.
_WORD, _STOP, _COLON, _WIDE_STOP, _WIDE_COMMA, _MARK, _SPACE, _NEWLINE = (1 << bit for bit in range(8))
_EAST_ASIAN = (0x3040, 0xFB00)
_TABLE = 0x3000
# Stands between texts that are looked at together: the zeros that follow a text's last character, and a blank
# line, so that the next one begins a line.
_BETWEEN = "\0\0\n\n"
_COMMA, _QUESTION, _WIDE_QUESTION, _EQUALS = 0x2C, 0x3F, 0xFF1F, 0x3D
_CHARACTERS = {
    _STOP: ".!?\u2026",
    _COLON: ":;",
    # East Asian sentence ends need no space after them,
    # and a clause after a full-width comma may open with a pivot.
    _WIDE_STOP: "\u3002\uff01\uff1f",
    _WIDE_COMMA: "\uff0c\uff1a\uff1b",
    _MARK: "\"'*_>#([{-\u2013\u2014\u2022\u2018\u201c)]}\u2019\u201d\u300c\u300e\u300d\u300f\uff08\uff09",
    _NEWLINE: "\n\r\u2028\u2029",
}


def _class_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(0x110000, dtype=np.uint8)
    for code in range(0x3000):
        if chr(code).isalnum():
            table[code] = _WORD
        elif chr(code).isspace():
            table[code] = _SPACE
    table[0x3000] = _SPACE
    table[0x3040:0xD800] = _WORD  # kana, Han, Hangul
    table[0xF900:0xFE00] = _WORD
    for kind, characters in _CHARACTERS.items():
        table[[ord(character) for character in characters]] = kind
    return table


def _held_table() -> npt.NDArray[np.uint8]:
    """Say what begins after a gap by the classes it holds: 2 a sentence, 1 a clause, 0 nothing."""
    held = np.arange(256)
    spaced = held & (_SPACE | _NEWLINE) > 0
    sentence = (held & (_NEWLINE | _WIDE_STOP) > 0) | (spaced & (held & _STOP > 0))
    clause = (held & _WIDE_COMMA > 0) | (spaced & (held & _COLON > 0))
    return np.where(sentence, 2, clause).astype(np.uint8)


_CLASSES, _HELD = _class_table(), _held_table()
_ASCII_CLASSES = _CLASSES[:256].tobytes()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts laid end to end, so that one pass of array operations reads them all,
    and where each begins and ends in what is `joined`.
    """

    each: Sequence[str]
    joined: str
    starts: IntArray
    ends: IntArray

    @classmethod
    def lay(cls, texts: Sequence[str]) -> "Texts":
        """Lay at least one text end to end."""
        if len(texts) == 1:
            return cls(texts, texts[0], np.zeros(1, dtype=np.intp), np.array([len(texts[0])]))
        lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
        ends = np.cumsum(lengths + len(_BETWEEN)) - len(_BETWEEN)
        return cls(texts, _BETWEEN.join(texts), ends - lengths, ends)

    def owners(self, positions: IntArray) -> IntArray:
        """Return the index of the text that each position lies in or, where it lies between two,
        of the one before it.
        """
        if len(self.each) == 1:
            return np.zeros(len(positions), dtype=np.intp)
        owners: IntArray = self.starts.searchsorted(positions, side="right") - 1
        return owners

    def edges(self, positions: IntArray) -> IntArray:
        """Return where the positions of each text begin among ascending ones,
        and as a last entry how many there are.
        """
        edges = np.empty(len(self.each) + 1, dtype=np.intp)
        edges[:-1], edges[-1] = positions.searchsorted(self.starts), len(positions)
        return edges

    def counts(self, positions: IntArray) -> IntArray:
        """Return how many of ascending positions each text has."""
        edges = self.edges(positions)
        counts: IntArray = edges[1:] - edges[:-1]
        return counts

    def look(self) -> "Characters":
        """Classify the characters of all texts and find where their sentences begin."""
        characters = look(self.joined)
        if len(self.each) == 1:
            return characters
        begins = characters.begins
        inside = begins < self.ends[self.owners(begins)]
        return replace(
            characters,
            begins=begins[inside],
            breaks=characters.breaks[inside],
            sentence=characters.sentence[inside],
        )


@dataclass(frozen=True)
class Characters:
    """The code points of a text and their classes, and where sentences and clauses begin in it.

    `codes` and `classes` have two zeros more than the text's `length`, so that what follows a character can
    be looked up without a bound. `begins` are positions of first characters, ascending: of the text, of a
    line, and of what follows a sentence end or colon and a space (or a full-width mark), quotes and list
    marks skipped. For each of them `breaks` has the line breaks before it (0, 1, or 2 for a blank line; 2 for
    the first) and `sentence` says whether a sentence begins,
    rather than what follows a colon or full-width comma.
    """

    length: int
    codes: Codes
    classes: npt.NDArray[np.uint8]
    begins: IntArray
    breaks: IntArray
    sentence: BoolArray

    @cached_property
    def questions(self) -> IntArray:
        """Positions of question marks."""
        found = self.codes == _QUESTION
        if self.codes.dtype != np.uint8:
            found |= self.codes == _WIDE_QUESTION
        places: IntArray = found.nonzero()[0]
        return places

    @cached_property
    def equals(self) -> IntArray:
        """Positions of equals signs."""
        places: IntArray = (self.codes == _EQUALS).nonzero()[0]
        return places

    def words(self) -> IntArray:
        """Return where words begin: runs of characters other than white space, as for ``str.split``; an East
        Asian character is a word too.
        """
        space = self.classes[: self.length] >= _SPACE
        first = np.empty(self.length, dtype=bool)
        first[:1] = ~space[:1]
        np.greater(space[:-1], space[1:], out=first[1:])
        if self.codes.dtype != np.uint8:
            codes = self.codes[: self.length]
            first |= (codes >= _EAST_ASIAN[0]) & (codes < _EAST_ASIAN[1])
        begins: IntArray = first.nonzero()[0]
        return begins

    def ends_word(self, ends: IntArray) -> BoolArray:
        """Say which of the positions after a letter end a word;
        a hyphen between letters joins them to one word.
        """
        after = self.classes[ends]
        whole: BoolArray = (after != _WORD) & ((after != _MARK) | (self.classes[ends + 1] != _WORD))
        return whole

    def alone(self, letters: str) -> IntArray:
        """Positions of words that are one of *letters*, followed by a space and a small letter: "I see",
        not a point I.
        """
        places = np.concatenate(
            [(self.codes == ord(letter)).nonzero()[0] for letter in letters] or [np.zeros(0, np.intp)]
        )
        after, then = self.codes[places + 1], self.codes[places + 2]
        begins = (places == 0) | (self.classes[places - 1] != _WORD)
        found: IntArray = places[begins & (after == 0x20) & (then >= 0x61) & (then <= 0x7A)]
        return found

    def next_word(self, positions: IntArray) -> IntArray:
        """Move each position over at most four spaces, commas and marks to what follows them."""
        here: IntArray = positions.copy()
        for _ in range(4):
            move = (self.classes[here] > _WORD) | (self.codes[here] == _COMMA)
            if not move.any():
                break
            here += move
        return here


def look(text: str) -> Characters:
    """Classify the characters of *text* and find where its sentences begin."""
    n = len(text)
    if text.isascii():  # one byte a character, and a table that the processor keeps at hand
        data = text.encode() + b"\0\0"
        codes: Codes = np.frombuffer(data, dtype=np.uint8)
        classes = np.frombuffer(data.translate(_ASCII_CLASSES), dtype=np.uint8)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass") + bytes(8), dtype=np.uint32)
        classes = _CLASSES[codes]
    gap = classes > _WORD
    first = 0 if not gap[0] else int(gap.argmin())
    if first >= n:
        return Characters(n, codes, classes, np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, bool))
    # Most gaps are one space or one mark; of those only a line break and a full-width mark can begin a
    # sentence.
    before, here, after = gap[first : n - 1], gap[first + 1 : n], gap[first + 2 : n + 1]
    alone = classes[first + 1 : n] & (_NEWLINE | _WIDE_STOP | _WIDE_COMMA) != 0
    starts = (here & ~before & (after | alone)).nonzero()[0] + (first + 1)
    ends = (here & ~after & (before | alone)).nonzero()[0] + (first + 2)
    if len(ends) and ends[-1] == n:
        starts, ends = starts[:-1], ends[:-1]
    if not len(starts):
        return Characters(n, codes, classes, np.array([first]), np.array([2]), np.array([True]))
    pairs = np.empty(2 * len(starts), dtype=np.intp)
    pairs[::2], pairs[1::2] = starts, ends
    held = np.bitwise_or.reduceat(classes, pairs)[::2]
    newlines = (classes == _NEWLINE).nonzero()[0]
    lines = newlines.searchsorted(ends) - newlines.searchsorted(starts)
    said = _HELD[held]
    begins = said.nonzero()[0]
    places, breaks, sentence = (
        np.empty(len(begins) + 1, np.intp),
        np.empty(len(begins) + 1, np.intp),
        np.empty(len(begins) + 1, bool),
    )
    places[0], breaks[0], sentence[0] = first, 2, True
    places[1:], breaks[1:] = ends[begins], lines[begins]
    np.equal(said[begins], 2, out=sentence[1:])
    return Characters(n, codes, classes, places, np.minimum(breaks, 2, out=breaks), sentence)


def among(codes: Codes, characters: str) -> BoolArray:
    """Say which code points are one of *characters*, all below U+3000."""
    return _membership(characters)[codes if codes.dtype == np.uint8 else np.minimum(codes, _TABLE)]


@functools.cache
def _membership(characters: str) -> BoolArray:
    table = np.zeros(_TABLE + 1, dtype=bool)
    table[[ord(character) for character in characters]] = True
    return table
