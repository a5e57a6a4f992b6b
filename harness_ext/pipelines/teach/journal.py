"""The journal of a run: every response as it came, so that a run that was killed goes on where it stopped.

    data/st.partial/journal.jsonl      {"settings": …}  {"attempt": 0, "ids": […], "responses": […]}  …

A line is written before the next request (`harness_ext.runs.journal_file`).
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import model_validator

from harness_ext.runs.journal_file import JournalFile
from synth.errors import StylerepError
from synth.schema import Schema, Whole, parse_json, read_as, shown

NAME = "journal.jsonl"


class _Head(Schema):
    settings: dict[str, Any]


class _Answered(Schema):
    attempt: Whole
    ids: list[str]
    responses: list[str]

    @model_validator(mode="after")
    def _pairs(self) -> "_Answered":
        if len(self.ids) != len(self.responses):
            raise ValueError("as many responses as ids")
        return self


class TeachJournal:
    """The responses that a run has got so far, by problem and attempt; opened by one process at a time."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Open the journal in a folder, or begin one;
        raise StylerepError if it is damaged or of a run with other settings.
        """
        self.path = folder / NAME
        self._responses: dict[tuple[str, int], str] = {}
        self.empty = True
        """Whether it holds no response."""
        if folder.exists() and not folder.is_dir():
            raise StylerepError(f"{folder}: a file stands where the journal is to be; move it away.")
        self._file = JournalFile(self.path, f"{folder}: another process is at this run.")
        try:
            self._read(settings)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._responses)

    def take(self, problem: str, attempt: int) -> str | None:
        """Return the response to a problem at an attempt, None if it has not been asked for;
        it is forgotten with that.
        """
        return self._responses.pop((problem, attempt), None)

    def append(self, attempt: int, problems: Sequence[str], responses: Sequence[str]) -> None:
        """Write down the responses to several problems,
        so that nothing short of a broken disk takes them away.
        """
        self._file.write({"attempt": attempt, "ids": list(problems), "responses": list(responses)})
        self.empty = False

    def close(self) -> None:
        """Close the journal; one without any response is removed."""
        if self.empty:
            self.remove()
        self._file.close()

    def remove(self) -> None:
        """Close the journal and remove it, its folder with it."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self._file.close()

    def _read(self, settings: Mapping[str, Any]) -> None:
        begun = False
        for number, line in self._file.lines():
            where = f"{self.path}, line {number}"
            try:
                content = parse_json(line, where)
                if number == 1:
                    there = read_as(_Head, content, where).settings
                else:
                    answered = read_as(_Answered, content, where)
            except StylerepError as error:
                raise StylerepError(
                    f"{str(error).removesuffix('.')}; the journal is damaged, remove its folder to begin"
                    " anew."
                ) from error
            if number == 1:
                self._compare(there, settings)
            else:
                self._responses.update(
                    ((problem, answered.attempt), response)
                    for problem, response in zip(answered.ids, answered.responses, strict=True)
                )
                self.empty = False
            begun = True
        if not begun:
            self._file.write({"settings": dict(settings)})

    def _compare(self, there: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        if difference := first_difference(there, given):
            raise StylerepError(
                f"{self.path.parent} holds a run begun with {difference}; give the same settings, or remove"
                " that folder to begin anew."
            )


def first_difference(there: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Say the first setting that differs, as ``NAME VALUE, not VALUE``; None if none does."""
    for name in (*there, *(name for name in given if name not in there)):
        one, other = there.get(name), given.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            if inner := first_difference(one, other):
                return f"{shown(name)[1:-1]} {inner}"
        elif one != other:
            return f"{shown(name)[1:-1]} {shown(one)}, not {shown(other)}"
    return None
