"""Keeps pivots of some kinds out of responses.

The style scorer that counts pivots afterwards reads along. Where a phrase is complete, and the characters
after it are there that decide whether it is one ("Wait"
may become "Waiter", "wait for" is no pivot), the response goes back to where the phrase began, and the token
that began it, in whatever spelling, is not chosen there again. So a word that only begins like a pivot is
never touched, and a phrase of several tokens is found however it was cut.
"""

import re
from collections.abc import Sequence

from harness_ext.backends.style_hf.control import SequenceView
from harness_ext.backends.style_hf.sequence_text import Pieces
from synth.formats import split_response
from synth.style import Pivot, load_lexicon

_REACH, _CONTEXT = 120, 240
"""How far back a phrase can begin that has become decided,
and how many characters before it decide whether a sentence begins there.
"""
# What undoes a phrase ("wait for", "i missed the bus") is at most two words.
_DECIDED = re.compile(r"\S|\s{1,9}(?:\S+\s+\S+\s|[^.,;:!?\n]*[.,;:!?\n])|.{40}", re.DOTALL)
_MOST = 1000
"""A response of which more pivots were taken back ends there."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class PivotSuppression:
    """Takes back pivots of the kinds given."""

    def __init__(self, kinds: Sequence[str], pieces: Pieces, vocabulary: int) -> None:
        """*vocabulary* is the number of tokens, whose spellings are looked up when the first pivot is taken
        back.
        """
        self._kinds, self._pieces, self._vocabulary = frozenset(kinds), pieces, vocabulary
        self._english, self._chinese = load_lexicon("en"), load_lexicon("zh")
        self._guarded = {phrase.wording for phrase in self._english.pivots if phrase.not_before is not None}
        self._spellings: dict[str, set[int]] = {}

    def look(self, views: Sequence[SequenceView]) -> None:
        """Take back the first pivot of each sequence that is decided; in a sequence that has ended all
        are.
        """
        going = [view for view in views if not view.sequence.ended]
        cuts = [max(0, len(view.text.text) - _REACH - _CONTEXT) for view in going]
        for view, cut, found in zip(
            going,
            cuts,
            self._find([view.text.text[cut:] for view, cut in zip(going, cuts, strict=True)]),
            strict=True,
        ):
            for pivot in found:
                begin, rest = pivot.start + cut, view.text.text[pivot.end + cut :]
                if (not cut or pivot.start >= _CONTEXT) and self._decided(pivot, rest):
                    self._take_back(view, begin)
                    break
        for view in views:
            if view.sequence.ended and (places := self._in_whole(view.text.text)):
                self._take_back(view, min(places))

    def _find(self, texts: Sequence[str]) -> list[list[Pivot]]:
        found = []
        for text, pivots in zip(texts, self._english.find_each(texts), strict=True):
            both = pivots + (self._chinese.find(text) if _CHINESE.search(text) else [])
            found.append(
                sorted((pivot for pivot in both if pivot.kind in self._kinds), key=lambda pivot: pivot.start)
            )
        return found

    def _decided(self, pivot: Pivot, rest: str) -> bool:
        if pivot.phrase not in self._guarded:
            return bool(rest)
        return bool(_DECIDED.match(rest))

    def _in_whole(self, text: str) -> list[int]:
        """Return where pivots begin in a response that has ended, read as scores are: the trace and the
        answer by themselves, and the whole.
        """
        split = split_response(text)
        parts = [(0, text), (split.start, split.trace)]
        if split.answer and (place := text.rfind(split.answer)) >= 0:
            parts.append((place, split.answer))
        return [
            place + pivot.start
            for (place, _), found in zip(parts, self._find([part for _, part in parts]), strict=True)
            for pivot in found
        ]

    def _take_back(self, view: SequenceView, begin: int) -> None:
        """Go back to the token that a phrase began in, and have another one chosen there."""
        while begin < len(view.text.text) and view.text.text[begin].isspace():
            begin += 1
        count = view.text.token_at(begin)
        banned = view.sequence.ids[view.sequence.prompt + count]
        view.cut(count)
        view.sequence.taken_back += 1
        if view.sequence.taken_back >= _MOST:
            view.sequence.ended = "stuck"
            return
        view.sequence.bans.setdefault(len(view.sequence.ids), set()).update(
            {banned} | self._spelled_as(banned)
        )

    def _spelled_as(self, token: int) -> set[int]:
        """Return the tokens that write the same letters, in capitals or not, after a space or not."""
        if not self._spellings:
            for one in range(self._vocabulary):
                self._spellings.setdefault(_letters(self._pieces.of([one])), set()).add(one)
        letters = _letters(self._pieces.of([token]))
        return self._spellings.get(letters, set()) if letters else set()


def _letters(piece: str) -> str:
    return piece.strip().casefold()
