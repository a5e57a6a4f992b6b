"""Responses on disk, each found by all that made it: a run that was killed goes on,
and no adapter is given the responses of another.

    responses.jsonl      {"key": …, "ids": […], "text": …, "ended": "end", "tokens": 87, "forced": [[40,
    45, "wait"]], "taken_back": 0}

A line is written when its response has ended (`harness_ext.runs.journal_file`). Lines of other keys stay.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from harness_ext.backends.style_hf.sequence import Forced, TokenSequence
from harness_ext.runs.journal_file import JournalFile
from synth.errors import StylerepError
from synth.schema import Schema, parse_json, read_as

VERSION = 1
"""Of the way responses are written: a change that alters responses changes it, and with it all keys."""


Token = Annotated[int, Field(ge=0, lt=2**31)]


class _Record(Schema):
    model_config = ConfigDict(extra="ignore")
    key: str
    ids: list[Token]
    ended: str
    forced: list[Annotated[tuple[Token, Token, str], Field(strict=False)]]
    taken_back: Annotated[int, Field(ge=0, lt=2**31)]


class Journal:
    """The responses of one file, opened by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open a file, or begin one; raise StylerepError if it is damaged, cannot be written,
        or is another process's.
        """
        self.path = path
        self._there: dict[str, dict[str, Any]] = {}
        self._file = JournalFile(path, f"{path}: another process writes its responses here.")
        try:
            self._read()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._there)

    def restore(self, key: str, sequence: TokenSequence) -> bool:
        """Fill in a sequence's response if it is there; say whether it is."""
        found = self._there.get(key)
        if found is None:
            return False
        sequence.ids += found["ids"]
        sequence.ended, sequence.taken_back, sequence.forced = (
            found["ended"],
            found["taken_back"],
            [Forced(*one) for one in found["forced"]],
        )
        return True

    def append(self, key: str, sequence: TokenSequence, text: str) -> None:
        """Write down the response of a sequence that has ended."""
        record = {
            "key": key,
            "text": text,
            "tokens": sequence.count,
            "ended": sequence.ended,
            "forced": [list(one) for one in sequence.forced],
            "taken_back": sequence.taken_back,
            "ids": sequence.written,
        }
        self._file.write(record)
        self._there[key] = record

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> None:
        for number, line in self._file.lines():
            where = f"{self.path}, line {number}"
            try:
                record = read_as(_Record, parse_json(line, where), where)
            except StylerepError as error:
                says = str(error).removeprefix(f"{where}: ").removesuffix(".")
                raise StylerepError(
                    f"{where}: this is no response of style-hf ({says}); move the file away to begin anew."
                ) from error
            self._there[record.key] = record.model_dump(include={"ids", "ended", "taken_back", "forced"})


def request_key(made_by: Mapping[str, Any], prompt: Iterable[int], repeat: int) -> str:
    """Return the key of a response: the SHA-256 of what made it (model, adapter, controls, decoding), of its
    prompt's tokens, and of which of several it is.
    """
    content = {"version": VERSION, **made_by, "prompt": list(prompt), "repeat": repeat}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
