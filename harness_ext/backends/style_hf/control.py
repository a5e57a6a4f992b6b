"""Watches each response token by token, and redirects it where a control asks for it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import Pieces, SequenceText


class SequenceView:
    """A sequence and its text, which are changed together."""

    def __init__(self, sequence: TokenSequence, pieces: Pieces, encode: Callable[[str], list[int]]) -> None:
        self.sequence, self.text = sequence, SequenceText(pieces)
        self._encode = encode

    def read(self) -> str:
        """Return the text, with what was written since the last time."""
        self.text.add(self.sequence.ids[self.sequence.prompt + len(self.text.ends) :])
        return self.text.text

    def cut(self, count: int) -> None:
        """Keep the first *count* tokens."""
        self.sequence.cut(count)
        self.text.cut(count)

    def put(self, place: int, text: str, why: str) -> None:
        """Put a text where the characters from *place* on stand.
        What a token there held before that place is written again.
        """
        count = self.text.token_at(place)
        kept = self.text.ends[count - 1] if count else 0
        rest = self.text.text[kept:place]
        self.cut(count)
        self.sequence.force(self._encode(rest + text), why)
        self.read()


class Control(Protocol):
    """A control of responses."""

    def look(self, views: Sequence[SequenceView]) -> None:
        """Look at sequences that a token was just chosen for, or whose turn just ended; cut,
        force or end them.
        """


class ControlLoop:
    """The controls of one call: what is looked at, by sequence."""

    def __init__(
        self, controls: Iterable[Control], pieces: Pieces, encode: Callable[[str], list[int]]
    ) -> None:
        self._controls, self._pieces, self._encode = tuple(controls), pieces, encode
        self._views: dict[int, SequenceView] = {}

    def look(self, sequences: Sequence[TokenSequence]) -> None:
        """Let each control look at sequences that a token was just chosen for, or whose turn just ended."""
        if not self._controls:
            return
        views = [
            self._views.setdefault(sequence.index, SequenceView(sequence, self._pieces, self._encode))
            for sequence in sequences
        ]
        for view in views:
            view.read()
        for control in self._controls:
            control.look(views)
        for view in views:
            if view.sequence.ended:
                del self._views[view.sequence.index]


class StopStrings:
    """Ends a response at a stop string; only the last characters of a text are looked at."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._longest = max(map(len, self._stops), default=0)

    def look(self, views: Sequence[SequenceView]) -> None:
        """End the sequences whose newest characters hold a stop string."""
        for view in views:
            text, ends = view.text.text, view.text.ends
            newest = max(0, (ends[-2] if len(ends) > 1 else 0) - self._longest)
            if not view.sequence.ended and any(stop in text[newest:] for stop in self._stops):
                view.sequence.ended = "stop"
