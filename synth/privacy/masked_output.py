"""Masks secrets in what goes to the terminal,
and so into logs that a terminal is turned into (`synth.privacy.secrets`).
"""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from synth.privacy.secrets import SECRETS


class _Masked:
    """A stream that masks what is written to it, and is otherwise the one it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, secrets in it masked."""
        return self._stream.write(SECRETS.output(text))

    def writelines(self, lines: Any) -> None:
        """Write several texts, secrets in them masked."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)


def mask_output() -> Callable[[], None]:
    """Mask secrets in what is written to stdout and stderr,
    and by handlers of logging that write there; return what takes that back.
    """
    before = sys.stdout, sys.stderr
    ours = tuple(
        stream if isinstance(stream, _Masked) or stream is None else _Masked(stream) for stream in before
    )
    sys.stdout, sys.stderr = ours
    _turn(before, ours)

    def undo() -> None:
        sys.stdout, sys.stderr = before
        _turn(ours, before)

    return undo


def _turn(old: Sequence[Any], new: Sequence[Any]) -> None:
    """Have handlers of logging that write to an old stream, or to one that is closed,
    write to the new one in its place.
    """
    for logger in (logging.getLogger(), logging.getLogger("lm_eval")):
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:
                if getattr(handler.stream, "closed", False):
                    handler.stream = new[1]  # setStream would flush the old one
                elif handler.stream is old[0]:
                    handler.setStream(new[0])
                elif handler.stream is old[1]:
                    handler.setStream(new[1])


@contextlib.contextmanager
def masked_output() -> Iterator[None]:
    """Mask secrets in what is written to the terminal until the block ends."""
    undo = mask_output()
    try:
        yield
    finally:
        undo()
