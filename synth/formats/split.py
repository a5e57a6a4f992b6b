"""Tells the trace of a response from its final answer,
in whatever format it is written (``formats.yaml`` beside this file).
"""

import functools
import re
from dataclasses import dataclass
from typing import NamedTuple

from synth.formats.control_tokens import ControlTokens, control_tokens
from synth.formats.format_file import Formats, response_formats
from synth.formats.markers import FoundMarker, Markers, line_opening, markers

OPEN, CLOSE = "<think>", "</think>"
"""The tags of our own data sets."""
_TAIL = 20_000
_LONGEST_BLANK, _LONGEST_MARKER, _LONGEST_INDENT = 2_000, 120, 40
_VISIBLE = re.compile(r"\S")
_STATEMENT = re.compile(
    r"[Aa]nswer(?:\s{1,9}is\b|:)|ANSWER|\\boxed\s?\{|\u7b54\u6848[\u662f\u4e3a\u70ba\uff1a:]"
)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[\n\u3002\uff01\uff1f]")


@dataclass(frozen=True, slots=True)
class SplitResponse:
    """A response in two parts.

    `trace` is the slice of the response that begins at `start`; tags and control tokens inside it are
    blanked, so that a place in the trace plus `start` is a place in the response. `derivation` is the trace
    up to where the answer is stated. `answer` is the text in which a final answer may be looked for, without
    tags and control tokens; it is empty where the trace was opened and never closed (the response was cut
    off). `stated` is what stands in the last ``<answer>…</answer>`` that follows the trace, None where
    nothing does. `final` is what follows the derivation, clean: the answer where a trace is marked, else from
    where it is stated on. `tagged` says whether think tags marked the trace,
    `closed` whether its end was marked.
    """

    trace: str
    start: int
    derivation: str
    answer: str
    stated: str | None
    final: str
    tagged: bool
    closed: bool

    @property
    def truncated(self) -> bool:
        """Whether the response was cut off within its trace."""
        return self.tagged and not self.closed

    @property
    def no_answer(self) -> str | None:
        """Why there is nothing that an answer could be looked for in, in a few words; None where there is."""
        if self.truncated:
            return "cut off within its trace"
        if not self.answer.strip():
            return "nothing follows the trace" if self.tagged else "empty"
        return None


class _Trace(NamedTuple):
    """Where a trace lies, where what follows it begins, and which formats may have written it.

    An end of None: it was never closed. A start of None: there is none, since thinking was off.
    """

    start: int | None
    end: int | None
    after: int
    names: frozenset[str]


def split_response(response: str) -> SplitResponse:
    """Split a response into trace and answer, in time linear in its length.

    A trace goes from the marker that opens one, or the beginning where a prompt holds that, to a closing
    marker of the format that opened it. Of several, all from the first to the end of the last is the trace.
    One that is never closed was cut off: there is no answer. A closing marker after that closes nothing.
    Without any marker, nothing tells where reasoning ends: the trace is the whole, its derivation what stands
    before the last sentence that states the answer ("the answer is", a box); a response that only states the
    answer has no trace. The answer is looked for in the whole.
    What follows a heading of somebody else's turn is no part of the response.
    """
    return _split_by(response, response_formats())


@functools.lru_cache(maxsize=2)  # a response is read for its style and then for its answer
def _split_by(response: str, _formats: Formats) -> SplitResponse:
    return _split(response, markers(), control_tokens())


def _split(response: str, known: Markers, tokens: ControlTokens) -> SplitResponse:
    own = tokens.own_turn(response)
    found = _trace_of(own, known, tokens)
    if found is None or found.start is None:
        after = found.after if found else 0
        return _unmarked(" " * after + own[after:], tokens)
    end = len(own) if found.end is None else found.end
    trace = _slice(own, found.start, end, tokens, found)
    if found.end is None:
        return SplitResponse(trace.text, trace.start, trace.text, "", None, "", tagged=True, closed=False)
    rest = own[found.after :]
    answer = _answer(rest, found, tokens)
    return SplitResponse(
        trace.text, trace.start, trace.text, answer, _stated(rest), answer, tagged=True, closed=True
    )


class _Slice(NamedTuple):
    text: str
    start: int


def _slice(response: str, begin: int, end: int, tokens: ControlTokens, found: _Trace | None = None) -> _Slice:
    """Return a part of a response with its control tokens blanked, without the space around it,
    and where it begins.
    """
    text = tokens.blanked(response[begin:end])
    if found is not None:
        for one in response_formats().formats:
            if one.name in found.names and one.skipped and one.skipped.inner:
                text = one.skipped.inner.sub(lambda blank: " " * len(blank.group()), text)
    trace = text.strip()
    return _Slice(trace, begin + len(text) - len(text.lstrip()) if trace else begin)


def _trace_of(response: str, known: Markers, tokens: ControlTokens) -> _Trace | None:
    begin = _beginning(response, tokens)
    if 0 < len(response) - begin < _LONGEST_MARKER and known.begins_one(response[begin:].rstrip()):
        return _Trace(len(response), None, len(response), frozenset())
    return (
        _of_line(response, begin, known)
        or _of_markers(response, known, tokens)
        or _of_skipped(response, begin, known.formats)
    )


def _beginning(response: str, tokens: ControlTokens) -> int:
    """Return where a response begins, after white space and the heading of its turn."""
    place = 0
    while (rest := response[place : place + _LONGEST_BLANK]) and (
        step := len(rest) - len(rest.lstrip())
    ) is not None:
        token = tokens.tokens.match(response, place + step)
        if token is None:
            return place + step
        place = token.end()
    return place


def _of_line(response: str, begin: int, known: Markers) -> _Trace | None:
    """Return a trace between sentences or headings, of which the first begins the response."""
    for one in known.lines:
        opened = line_opening(response[begin : begin + 100], one)
        if opened is None and not one.alone:
            continue
        places = [
            (place, place + len(marker))
            for marker in one.close
            if (place := _line(response, marker, begin)) >= 0
        ]
        if opened is None and places and (first := min(places))[0] > begin:
            return _Trace(begin, *first, frozenset({one.name}))
        if opened is None:
            continue
        if one.skipped and not places:
            places = [found.span() for found in [one.skipped.close.search(response, begin)] if found]
        end, after = min(places, default=(None, len(response)))
        return _Trace(begin + opened, end, after, frozenset({one.name}))
    return None


def _line(response: str, marker: str, begin: int) -> int:
    """Return where a closing marker stands: at the beginning of a line if it is a heading."""
    place = response.find(marker, begin)
    while (
        place > 0
        and marker.startswith("#")
        and response[max(0, place - _LONGEST_INDENT) : place].rstrip(" \t*")[-1:] != "\n"
    ):
        place = response.find(marker, place + 1)
    return place


def _of_markers(response: str, known: Markers, tokens: ControlTokens) -> _Trace | None:
    """Return the trace that markers say, from the first that opens one to the last that closes one."""
    start: int | None = None
    end = after = 0
    opened: FoundMarker | None = None
    names: frozenset[str] = frozenset()
    said, preface = -1, False  # where the text after the trace begins, found when it is asked for
    for found in known.find(response):
        marker = found.marker
        if opened is not None:
            if common := marker.closes & opened.marker.opens:
                end, after, opened, names = found.start, found.end, None, names | common
        elif marker.preface and start is None:
            preface |= not tokens.tokens.sub("", response[after : found.start]).strip()
        elif marker.opens:
            opened = found
            start = found.end if start is None else start
        elif marker.closes and marker.alone and start is None:
            if not preface and tokens.tokens.sub("", response[after : found.start]).strip():
                start, end, names = 0, found.start, marker.closes
            after = found.end  # nothing before it: thinking was off
        if opened is not None or not (marker.closes or marker.begins_answer) or found.start < after:
            continue
        if said < after:
            visible = _VISIBLE.search(response, after)
            said = visible.start() if visible else len(response)
        # One trace within another; or what stands between a trace and its answer, which is neither.
        if (marker.closes and start is not None and said >= found.start) or (
            marker.begins_answer and (marker.begins_answer & names or said >= found.start)
        ):
            after = found.end
    if opened is not None and (start == opened.end or tokens.any.sub("", response[opened.end :]).strip()):
        return _Trace(start if start is not None else opened.end, None, len(response), opened.marker.opens)
    return _Trace(start, end, after, names) if after else None


def _of_skipped(response: str, begin: int, formats: Formats) -> _Trace | None:
    """Return the trace of a format whose special tokens were dropped."""
    for one in formats.formats:
        if one.skipped and (opened := one.skipped.open.match(response, begin)):
            close, names = one.skipped.close.search(response, opened.end()), frozenset({one.name})
            return (
                _Trace(opened.end(), close.start(), close.end(), names)
                if close
                else _Trace(opened.end(), None, len(response), names)
            )
    return None


def _answer(after: str, found: _Trace, tokens: ControlTokens) -> str:
    """Return what follows a trace without markers and control tokens."""
    for one in response_formats().formats:
        if one.name in found.names and one.at_line:
            for marker in one.answer_close:
                after = after.replace(marker, "")
    return tokens.removed(after).strip()


def _unmarked(response: str, tokens: ControlTokens) -> SplitResponse:
    statement = max(_STATEMENT.finditer(response), key=lambda found: found.start(), default=None)
    cut = _sentence_start(response, statement.start()) if statement else len(response)
    if tokens.may_hold(response):
        whole, derivation = _slice(response, 0, len(response), tokens), _slice(response, 0, cut, tokens).text
        answer, final = (
            tokens.removed(text, markers=False).strip()
            for text in (response, response[whole.start + len(derivation) :])
        )
    else:
        answer, derivation = response.strip(), response[:cut].strip()
        whole = _Slice(answer, len(response) - len(response.lstrip()) if answer else 0)
        final = response[whole.start + len(derivation) :].strip()
    trace = whole if derivation else _Slice("", 0)
    return SplitResponse(
        trace.text, trace.start, derivation, answer, _stated(response), final, tagged=False, closed=False
    )


def trace_text(response: str, split: SplitResponse) -> str:
    """Return the trace of a response, or the derivation where no trace is marked, as a student is trained on
    it: without tags and control tokens.
    """
    return control_tokens().removed(response[split.start : split.start + len(split.derivation)]).strip()


def _stated(text: str) -> str | None:
    """Return what stands in the last answer tags, looked for in the last 20,000 characters."""
    tail = text[-_TAIL:]
    if "</" not in tail:
        return None
    last = max(_answer_tags(response_formats()).finditer(tail), key=lambda found: found.start(), default=None)
    return control_tokens().removed(last["inside"]) if last else None


@functools.lru_cache(maxsize=8)
def _answer_tags(formats: Formats) -> re.Pattern[str]:
    names = "|".join(re.escape(tag).replace("\\*", r"[\w.-]{0,64}") for tag in formats.answer_tags)
    return re.compile(rf"<(?P<tag>{names})>(?P<inside>(?:(?!</?(?P=tag)>).){{1,4000}})</(?P=tag)>", re.DOTALL)


def _sentence_start(text: str, position: int) -> int:
    """Return where the sentence that *position* lies in begins, looked for in the 2,000 characters before
    it.
    """
    begin = max(0, position - 2000)
    start = 0 if begin == 0 else position
    for end in _SENTENCE_END.finditer(text, begin, position):
        start = end.end()
    return start
