"""Finds the tokens that would begin or complete the closing tag of a trace."""

from collections.abc import Sequence

_LEAST = 2
"""How many characters of the tag, the first of which is "<", say that it has begun.
One alone may be a sign of comparison.
"""


class ClosingTag:
    """The tokens that would write the beginning of a tag,
    whatever stands before it in the token and however the tag is cut into tokens.

    A tag that is one special token is begun by that token. Of one in several tokens, what counts is that the
    text would end in two or more of its first characters: "</" begins "</think>", and so it does where
    another tag was meant ("</div>"). A lone "<" may be left standing before it is known.
    """

    def __init__(self, tag: str, pieces: Sequence[str]) -> None:
        """*pieces* is, for each token, what it adds to a text."""
        self._tag = tag
        prefixes = tuple(tag[:length] for length in range(_LEAST, len(tag)))
        anywhere = {token for token, piece in enumerate(pieces) if tag in piece or piece.endswith(prefixes)}
        self._after = [frozenset(anywhere)]
        for length in range(1, len(tag)):
            missing = tag[length:]
            further = {
                token
                for token, piece in enumerate(pieces)
                if piece and (missing.startswith(piece) or piece.startswith(missing))
            }
            self._after.append(frozenset(anywhere | further))

    def begun(self, text: str) -> int:
        """Return how many characters of the tag *text* ends with, fewer than all."""
        return next(
            (length for length in range(len(self._tag) - 1, 0, -1) if text.endswith(self._tag[:length])), 0
        )

    def after(self, text: str) -> frozenset[int]:
        """Return the tokens that would begin, go on with or complete the tag after *text*."""
        return self._after[self.begun(text)]
