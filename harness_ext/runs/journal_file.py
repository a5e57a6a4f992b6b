"""A file of JSON lines that grows while something runs and survives a kill: an unfinished last line is
dropped.

A line is written whole, flushed and synced, so that nothing short of a broken disk takes it away. One process
at a time has such a file open.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.files.lock import lock


class JournalFile:
    """An open journal; read it to its end before anything is written."""

    def __init__(self, path: Path, taken: str) -> None:
        """Open a file, or begin one; raise StylerepError if it cannot be written, and with the sentence
        *taken* if another process has it.
        """
        if path.exists() and not path.is_file():
            raise StylerepError(
                f"{path}: this file cannot be written, since something else than a file is there; move it"
                " away."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab+")
        except OSError as error:
            raise StylerepError(f"{path}: this file cannot be written ({error.strerror}).") from error
        if not lock(self._file):
            self._file.close()
            raise StylerepError(taken)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield each whole line with its number, from 1 on, and drop what follows the last of them."""
        self._file.seek(0)
        whole = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break
            yield number, line
            whole += len(line)
        self._file.truncate(whole)

    def clear(self) -> None:
        """Drop all lines."""
        self._file.truncate(0)

    def write(self, content: Mapping[str, Any]) -> None:
        """Add a line."""
        self._file.write(json.dumps(content).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()
