"""Looks at each response after every token, and has it go another way where a control asks for it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import Pieces, SequenceText


class SequenceView:
    """A row and its text, which are changed together."""

    def __init__(self, row: TokenSequence, pieces: Pieces, encode: Callable[[str], list[int]]) -> None:
        self.row, self.text = row, SequenceText(pieces)
        self._encode = encode

    def read(self) -> str:
        """Return the text, with what was written since the last time."""
        self.text.add(self.row.ids[self.row.prompt + len(self.text.ends) :])
        return self.text.text

    def cut(self, count: int) -> None:
        """Keep the first *count* tokens."""
        self.row.cut(count)
        self.text.cut(count)

    def put(self, place: int, text: str, why: str) -> None:
        """Put a text where the characters from *place* on stand. What a token there held before that place is written again."""
        count = self.text.token_at(place)
        kept = self.text.ends[count - 1] if count else 0
        rest = self.text.text[kept:place]
        self.cut(count)
        self.row.force(self._encode(rest + text), why)
        self.read()


class Control(Protocol):
    """A control of responses."""

    def look(self, pages: Sequence[SequenceView]) -> None:
        """Look at rows that a token was just chosen for, or whose turn just ended; cut, force or end them."""


class ControlLoop:
    """The controls of one call: what is looked at, by row."""

    def __init__(self, watchers: Iterable[Control], pieces: Pieces, encode: Callable[[str], list[int]]) -> None:
        self._watchers, self._pieces, self._encode = tuple(watchers), pieces, encode
        self._pages: dict[int, SequenceView] = {}

    def look(self, rows: Sequence[TokenSequence]) -> None:
        """Let each control look at rows that a token was just chosen for, or whose turn just ended."""
        if not self._watchers:
            return
        pages = [self._pages.setdefault(row.index, SequenceView(row, self._pieces, self._encode)) for row in rows]
        for page in pages:
            page.read()
        for watcher in self._watchers:
            watcher.look(pages)
        for page in pages:
            if page.row.ended:
                del self._pages[page.row.index]


class StopStrings:
    """Ends a response at a stop string; only the last characters of a text are looked at."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._longest = max(map(len, self._stops), default=0)

    def look(self, pages: Sequence[SequenceView]) -> None:
        """End the rows whose newest characters hold a stop string."""
        for page in pages:
            text, ends = page.text.text, page.text.ends
            newest = max(0, (ends[-2] if len(ends) > 1 else 0) - self._longest)
            if not page.row.ended and any(stop in text[newest:] for stop in self._stops):
                page.row.ended = "stop"
