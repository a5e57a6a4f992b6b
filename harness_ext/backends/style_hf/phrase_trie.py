"""Finds the tokens that would complete a phrase after a text by a look-up, not by a pass over the
vocabulary.
"""

import functools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from synth.style import Lexicon
from synth.style.lexicon import Phrase

_CONTEXT = 120
"""How many characters before a place decide whether a sentence begins there."""
_TAG_BEFORE = re.compile(r"</?\w+>\s*\Z")
_LAST_WORD = re.compile(r"[\w'\u2019-]+\Z")
_SPACES = re.compile(" +")


class _PhraseEnding(NamedTuple):
    """Tokens that end `phrase` after a text; `lead` is what they hold before it,
    None where the text holds its beginning.
    """

    phrase: Phrase
    lead: str | None
    tokens: tuple[int, ...]


class PhraseTrie:
    """The phrases of some kinds in one lexicon, cut at every place into what a text must end with and what a
    token adds.

    The rules are the lexicon's: whole words, in capitals or not, sentence beginnings, and the words before a
    phrase that undo it. It is asked for each of them rather than copied. What follows a phrase is not known
    yet, so neither a guard there nor a word that goes on ("Wait", "er") clears it; within one token what
    follows is known, and " Waiter" completes nothing. White space and marks within a phrase count as one
    space. A character that is cut into several tokens is seen when it is whole; the last of these tokens is
    not known to complete a phrase.
    """

    def __init__(self, lexicon: Lexicon, kinds: Sequence[str], pieces: Sequence[str]) -> None:
        """*pieces* is, for each token, what it adds to a text;
        an empty string for one that is never to be touched.
        """
        self._lexicon, self._kinds = lexicon, frozenset(kinds)
        self._spaced = lexicon.spaced
        self._probe = self._choose_probe()
        self._marks = (
            self._spaces_before_words(
                {character for piece in pieces for character in piece if not character.isalnum()}
            )
            if self._spaced
            else {}
        )
        self._last_words = {phrase.wording.split()[-1] for phrase in lexicon.pivots}
        self._leads = functools.lru_cache(maxsize=4096)(self._is_lead)
        by_piece: dict[str, list[int]] = defaultdict(list)
        for token, piece in enumerate(pieces):
            if piece:
                by_piece[piece].append(token)
        phrases = [phrase for phrase in lexicon.pivots if phrase.label in self._kinds]
        spellings = {
            spelling: phrase
            for phrase in phrases
            for spelling in (phrase.wording, phrase.wording.replace("'", "\u2019"))
        }
        self._phrase_trie: list[_PhraseEnding] = []
        self._adding_space: set[int] = set()
        self._after: dict[str, list[int]] = defaultdict(list)
        self._within: dict[str, list[int]] = defaultdict(list)
        self._cut(spellings, by_piece)
        self._find_whole(spellings, by_piece)
        self._longest = max(map(len, self._after), default=0)

    def after(self, text: str) -> tuple[int, ...]:
        """Return which completions would stand after *text*, as numbers for `tokens`, ascending."""
        begins: dict[int, bool] = {}
        found = set()
        for begin, number in self._begun(text):
            phrase = self._phrase_trie[number].phrase
            if phrase.at_start and begin not in begins:
                begins[begin] = self._begins(text[:begin])
            if (begins[begin] if phrase.at_start else True) and not phrase.undone(text, begin, len(text)):
                found.add(number)
        for lead, numbers in self._within.items():
            before = text[-_CONTEXT:] + lead
            beginning: bool | None = None
            for number in numbers:
                phrase = self._phrase_trie[number].phrase
                if phrase.at_start and beginning is None:
                    beginning = self._begins(text + lead)
                if (beginning or not phrase.at_start) and not phrase.undone(before, len(before), len(before)):
                    found.add(number)
        return tuple(sorted(found))

    def tokens(self, numbers: Sequence[int]) -> list[int]:
        """Return the tokens of completions, ascending."""
        return sorted({token for number in numbers for token in self._phrase_trie[number].tokens})

    def _begun(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the phrases that *text* ends within: where they begin, and the completion."""
        places = range(max(0, len(text) - 2 * self._longest), len(text))
        folded = self._folded(text[places.start :])
        kept = (
            [i for i, character in enumerate(folded) if character != " " or not i or folded[i - 1] != " "]
            if self._spaced
            else range(len(folded))
        )
        tail = "".join(folded[i] for i in kept)
        at = [places[i] for i in kept]
        if self._spaced and len(places) == len(text) and not tail.startswith(" "):
            tail, at = " " + tail, [-1, *at]
        ends = [(tail, len(text))] + (
            [(tail[:-1], len(text))] if self._spaced and len(tail) > 1 and tail.endswith(" ") else []
        )
        for number, (one, end) in enumerate(ends):
            for length in range(1 if one else 0, min(len(one), self._longest) + 1):
                start = len(one) - length + self._spaced
                for completion in self._after.get(one[len(one) - length :], ()):
                    if not number or completion in self._adding_space:
                        yield (at[start] if start < len(at) else end), completion

    def _cut(self, spellings: dict[str, Phrase], by_piece: dict[str, list[int]]) -> None:
        """Cut each phrase at each place, and find the tokens that begin with what is missing."""
        keys = sorted(
            (_SPACES.sub(" ", self._folded(piece)) if self._spaced else self._folded(piece), piece)
            for piece in by_piece
        )
        candidates: list[tuple[str, str, str, list[int]]] = []
        for spelling in spellings:
            pattern = " " * self._spaced + spelling
            for cut in range(1, len(pattern)):
                missing = pattern[cut:]
                for i in range(bisect_left(keys, (missing,)), len(keys)):
                    key, piece = keys[i]
                    if not key.startswith(missing):
                        break
                    rest = piece[len(missing) :] if len(key) == len(piece) else key[len(missing) :]
                    if not (rest and self._spaced and rest[0].isalnum()):
                        candidates.append((spelling, pattern[:cut], rest, by_piece[piece]))
        kept = self._still_phrases({(spelling, rest) for spelling, _, rest, _ in candidates})
        grouped: dict[tuple[str, str], list[int]] = defaultdict(list)
        for spelling, before, rest, tokens in candidates:
            if (spelling, rest) in kept:
                grouped[spelling, before] += tokens
        for (spelling, before), tokens in grouped.items():
            if (" " * self._spaced + spelling)[len(before)] == " ":
                self._adding_space.add(len(self._phrase_trie))
            self._after[before].append(len(self._phrase_trie))
            self._phrase_trie.append(_PhraseEnding(spellings[spelling], None, tuple(tokens)))

    def _find_whole(self, spellings: dict[str, Phrase], by_piece: dict[str, list[int]]) -> None:
        """Find the tokens that hold a whole phrase."""
        heads: dict[str, list[str]] = defaultdict(list)
        for spelling in spellings:
            heads[spelling[0]].append(spelling)
        candidates: list[tuple[str, str, str, list[int]]] = []
        for piece, tokens in by_piece.items():
            folded = self._folded(piece)
            for i, character in enumerate(folded):
                if character in heads and (not self._spaced or (i and folded[i - 1] == " ")):
                    candidates += [
                        (one, piece[:i], piece[i + len(one) :], tokens)
                        for one in heads[character]
                        if folded.startswith(one, i)
                    ]
        kept = self._still_phrases({(spelling, rest) for spelling, _, rest, _ in candidates})
        grouped: dict[tuple[str, str], list[int]] = defaultdict(list)
        for spelling, lead, rest, tokens in candidates:
            if (spelling, rest) in kept:
                grouped[spelling, lead] += tokens
        for (spelling, lead), tokens in grouped.items():
            self._within[lead].append(len(self._phrase_trie))
            self._phrase_trie.append(_PhraseEnding(spellings[spelling], lead, tuple(tokens)))

    def _still_phrases(self, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Keep the phrases that are pivots of the kinds with what follows them in a token."""
        with_rest = [pair for pair in pairs if pair[1]]
        found = self._lexicon.find_each([spelling + rest for spelling, rest in with_rest])
        undone = {
            pair
            for pair, pivots in zip(with_rest, found, strict=True)
            if not any(one.start == 0 and one.kind in self._kinds for one in pivots)
        }
        return pairs - undone

    def _folded(self, text: str) -> str:
        small = text.replace("\u0130", "I").lower()
        return "".join(self._marks.get(character, character) for character in small)

    def _spaces_before_words(self, characters: set[str]) -> dict[str, str]:
        """Return the characters that may stand before a word, as the lexicon has it."""
        ordered = sorted(characters)
        anywhere = next(
            phrase.wording for phrase in self._lexicon.pivots if not phrase.at_start and not phrase.guarded
        )
        found = self._lexicon.find_each([f"x{character}{anywhere}" for character in ordered])
        return {
            character: " "
            for character, pivots in zip(ordered, found, strict=True)
            if pivots and pivots[-1].phrase == anywhere
        }

    def _choose_probe(self) -> str:
        """Choose a pivot that counts only where a sentence begins, and is no part of another one."""
        wordings = [phrase.wording for phrase in self._lexicon.pivots]
        return next(
            phrase.wording
            for phrase in self._lexicon.pivots
            if phrase.at_start
            and not phrase.guarded
            and not any(
                phrase.wording in one or one in phrase.wording for one in wordings if one != phrase.wording
            )
        )

    def _begins(self, before: str) -> bool:
        """Say whether a sentence would begin after *before*, as the lexicon has it, or a trace or an
        answer.
        """
        gap = before[len(before.rstrip(" ,")) :]
        words = before[: len(before) - len(gap)]
        if words and (words[-1].isascii() or self._spaced) and words[-1].isalnum():
            last = _LAST_WORD.findall(words[-_CONTEXT:])[-1].lower()
            if not self._spaced or not (last in self._last_words or self._leads(last)):
                return False
        if _TAG_BEFORE.search(before):
            return True
        tail = before if len(before) <= _CONTEXT else "x" + before[-_CONTEXT:]
        return any(pivot.start == len(tail) for pivot in self._lexicon.find(tail + self._probe))

    def _is_lead(self, word: str) -> bool:
        """Say whether what follows a word counts as a beginning where the word does."""
        text = f"{word} {self._probe}"
        return any(pivot.end == len(text) for pivot in self._lexicon.find(text))
