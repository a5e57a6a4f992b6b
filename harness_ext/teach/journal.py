"""The journal of a run: every response as it came, so that a run that was killed goes on where it stopped.

    data/st.partial/journal.jsonl      {"settings": …}  {"attempt": 0, "ids": […], "responses": […]}  …

A line is written before the next request (`harness_ext.journal_file`).
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_ext.journal_file import JournalFile
from synth.errors import StylerepError

NAME = "journal.jsonl"


class Journal:
    """The responses that a run has got so far, by problem and attempt; opened by one process at a time."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Open the journal in a folder, or begin one; raise StylerepError if it is damaged or of a run with other settings."""
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
        """Return the response to a problem at an attempt, None if it has not been asked for; it is forgotten with that."""
        return self._responses.pop((problem, attempt), None)

    def append(self, attempt: int, problems: Sequence[str], responses: Sequence[str]) -> None:
        """Write down the responses to several problems, so that nothing short of a broken disk takes them away."""
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
            try:
                content = json.loads(line)
                if number == 1:
                    self._compare(content["settings"], settings)
                else:
                    for problem, response in zip(content["ids"], content["responses"], strict=True):
                        self._responses[problem, content["attempt"]] = response
                    self.empty = False
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise StylerepError(f"{self.path}, line {number}: the journal is damaged; remove its folder to begin anew.") from error
            begun = True
        if not begun:
            self._file.write({"settings": dict(settings)})

    def _compare(self, there: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        if difference := first_difference(there, given):
            raise StylerepError(f"{self.path.parent} holds a run begun with {difference}; give the same settings, or remove that folder to begin anew.")


def first_difference(there: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """Say the first setting that differs, as ``NAME VALUE, not VALUE``; None if none does."""
    for name in (*there, *(name for name in given if name not in there)):
        one, other = there.get(name), given.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            if inner := first_difference(one, other):
                return f"{name} {inner}"
        elif one != other:
            return f"{name} {one!r}, not {other!r}"
    return None
