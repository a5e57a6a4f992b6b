"""Finds the markers of traces and answers in a response, and says what each does."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from synth.formats.format_file import (
    Formats,
    ResponseFormat,
    beginnings,
    is_beginning,
    marker_pattern,
    response_formats,
)

# What a marker of one piece looks like: <think>, </s>, <|im_end|>, [THINK], [|endofturn|], ◁think▷.
_PIECE = r"<[|\uff5c]?/?[A-Za-z_\uff5c\u4e00-\u9fff][^<>\n]{0,80}>|\[[|/]?[A-Za-z_][^\[\]\n]{0,40}\]|[\u25c1\u3008][^\u25b7\u3009\n]{1,30}[\u25b7\u3009]"  # noqa: E501
_SIDES = re.compile(r"(<\|?|\[\|?|\u25c1|<\uff5c)(/?)(.+?)(\|?>|\|?\]|\u25b7|\uff5c>)")
_PARTS = re.compile(r"[\u4e00-\u9fff]+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SPACE_AT_END = re.compile(r"\s+(?=[>\]]\Z)")
_QUOTES = {("`", "`"), ('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("\u2018", "\u2019")}
_FENCE = re.compile(r"```\w{0,8}\s*\Z")
_MOST_MARKERS = 20_000


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marker does: which formats it opens a trace of, which it closes one of, whether it does so where
    none was opened, whose answer it begins.

    An `inner` one may stand within a trace and means nothing,
    and a `preface` begins what is neither trace nor answer.
    """

    opens: frozenset[str] = frozenset()
    closes: frozenset[str] = frozenset()
    alone: bool = False
    begins_answer: frozenset[str] = frozenset()
    inner: bool = False
    preface: bool = False

    def __bool__(self) -> bool:
        return bool(self.opens or self.closes or self.begins_answer or self.inner or self.preface)


class FoundMarker(NamedTuple):
    """A marker in a text."""

    start: int
    end: int
    marker: Marker


class Markers:
    """The markers of all formats."""

    def __init__(self, formats: Formats) -> None:
        self.formats = formats
        self.anywhere = [one for one in formats.formats if not one.at_line]
        self.lines = [one for one in formats.formats if one.at_line]
        # A line's opening marker is looked for at the beginning alone, a closing one once the trace is open.
        self._texts = {
            text
            for one in self.anywhere
            for text in (*one.open, *one.close, *one.answer_open, *one.inner, *one.preface)
        }
        self._wild = [(re.compile(marker_pattern(text)), text) for text in sorted(self._texts) if "*" in text]
        long = sorted(
            (text for text in self._texts if not re.fullmatch(_PIECE, text.replace("*", "x"))),
            key=len,
            reverse=True,
        )
        self._pattern = re.compile("|".join([*map(marker_pattern, long), _PIECE]))
        self._openings = [text for one in formats.formats for text in one.open]
        self._beginnings = beginnings(formats)
        self._of = functools.lru_cache(maxsize=4096)(self._classify)

    def find(self, text: str) -> Iterator[FoundMarker]:
        """Yield the markers of a text from left to right;
        of a text with over 20,000 pieces that look like one, the first of them.
        """
        end = 0
        for number, first in enumerate(self._beginnings.finditer(text)):
            if number > _MOST_MARKERS:
                return
            found = self._pattern.match(text, first.start()) if first.start() >= end else None
            if found and (marker := self._of(found.group())) and not _is_quoted(text, found):
                end = found.end()
                yield FoundMarker(found.start(), end, marker)

    def begins_one(self, text: str) -> bool:
        """Say whether a text, all that there is of a response,
        is the beginning of a marker that opens a trace: it was cut off there.
        """
        if len(text) < 4 and not text.startswith(("<", "[", "\u25c1")):
            return False
        return any(is_beginning(text, opening) for opening in self._openings)

    def _classify(self, text: str) -> Marker:
        text = _SPACE_AT_END.sub("", text)
        names = {text, *(one for pattern, one in self._wild if pattern.fullmatch(text))}
        listed = [
            one
            for one in self.anywhere
            if names & {*one.open, *one.close, *one.answer_open, *one.inner, *one.preface}
        ]
        if not listed:
            return self._unlisted(text)
        if not any(names & {*one.open, *one.close, *one.answer_open, *one.preface} for one in listed):
            return self._unlisted(text) or Marker(inner=True)

        def with_name(*places: str) -> frozenset[str]:
            return frozenset(one.name for one in listed for place in places if names & {*getattr(one, place)})

        alone = any(names & one.alone for one in listed)
        return Marker(
            with_name("open"),
            with_name("close"),
            alone,
            with_name("answer_open"),
            bool(with_name("inner")),
            bool(with_name("preface")),
        )

    def _unlisted(self, text: str) -> Marker:
        """Return what a tag that no format lists does, by its shape and the words in its name."""
        sides = _SIDES.fullmatch(text)
        if not sides or (sides[1][0] == "[" and not sides[3].isupper()):
            return Marker()
        parts, affixes = (
            [part.casefold() for part in _PARTS.findall(sides[3])],
            self.formats.opens | self.formats.closes,
        )
        if (
            not self.formats.words & {*parts, sides[3].casefold()}
            or {"on", "off"} & {*parts}
            or (" " in sides[3] and parts[0] not in affixes)
        ):
            return Marker()
        name = frozenset(
            {f"{sides[1]}{' '.join(part for part in parts if part not in affixes | {'of'})}{sides[4]}"}
        )
        if sides[2] or self.formats.closes & {*parts}:
            return Marker(closes=name, alone=True)
        return Marker(opens=name)


def _is_quoted(text: str, found: re.Match[str]) -> bool:
    """Say whether a marker is only spoken of: it stands between quotation marks or backticks."""
    before, after = text[max(0, found.start() - 12) : found.start()], text[found.end() : found.end() + 6]
    return (before[-1:], after[:1]) in _QUOTES or (
        _FENCE.search(before) is not None and after.lstrip().startswith("```")
    )


def line_opening(text: str, one: ResponseFormat) -> int | None:
    """Return where a marker that begins a response ends, None if the format has none there."""
    return next((len(marker) for marker in one.open if text.startswith(marker)), None)


def markers() -> Markers:
    """Return the markers of all formats there are now."""
    return _markers(response_formats())


@functools.lru_cache(maxsize=8)
def _markers(formats: Formats) -> Markers:
    return Markers(formats)
