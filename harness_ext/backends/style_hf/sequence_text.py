"""The text of a response while it is written, token by token: what a token adds is looked up, not decoded
with all that stands before it.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

_PARTIAL = "\ufffd"
_LONGEST_CHARACTER = 8
"""Tokens that may be held back until they make up a character: one of four bytes, or a joined emoji's
part.
"""


class Pieces:
    """What each token of a vocabulary adds to a text."""

    def __init__(self, decode: Callable[[list[int]], str], anchor: int) -> None:
        """*decode* turns tokens into text; *anchor* is any token that is a letter: some decoders treat the
        first token of a text in a way of its own.
        """
        self._decode, self._anchor = decode, anchor
        self._skip = len(decode([anchor]))
        self._known: dict[int, str] = {}

    def of(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens that stand after others."""
        if len(tokens) > 1:
            return self._decode([self._anchor, *tokens])[self._skip :]
        if tokens[0] not in self._known:
            self._known[tokens[0]] = self._decode([self._anchor, tokens[0]])[self._skip :]
        return self._known[tokens[0]]


def encode_after(encode: Callable[[str], list[int]], pieces: Pieces, text: str) -> list[int]:
    """Return the tokens of a text that follows another one; *encode* turns text into tokens,
    adding none of its own.
    """
    tokens = encode(text)
    if pieces.of(tokens) == text:
        return tokens
    before, after = encode("\n"), encode("\n" + text)
    return after[len(before) :] if after[: len(before)] == before else tokens


class SequenceText:
    """The text of one response. `ends` holds, for each token, the length of the text with it."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._held: list[int] = []
        self.text = ""
        self.ends: list[int] = []
        self._whole: list[bool] = []

    def add(self, tokens: Sequence[int]) -> None:
        """Append tokens; one that ends within a character adds nothing until the character is whole."""
        for token in tokens:
            self._held.append(token)
            piece = self._pieces.of(self._held)
            if not piece.endswith(_PARTIAL) or len(self._held) >= _LONGEST_CHARACTER:
                self.text += piece
                self._held = []
            self.ends.append(len(self.text))
            self._whole.append(not self._held)

    def cut(self, count: int) -> None:
        """Keep the first *count* tokens, the last of which ends a character."""
        del self.ends[count:], self._whole[count:]
        self.text = self.text[: self.ends[-1] if self.ends else 0]
        self._held = []

    def token_at(self, place: int) -> int:
        """Return the first token of the character at a place;
        the number of tokens for the place after the last.
        """
        token = min(bisect_right(self.ends, place), len(self.ends))
        while token and not self._whole[token - 1]:
            token -= 1
        return token
