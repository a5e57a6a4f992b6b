"""Rows that a command has measured so far, kept beside its output until that stands: killed, it goes on.

OUT.unfinished.jsonl      {"settings": …}  {"key": "arith-1-train-0-3", "rows": [{…}, …]}  …
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness_ext.pipelines.teach.journal import first_difference
from harness_ext.runs.journal_file import JournalFile
from synth.errors import StylerepError
from synth.schema import Schema, parse_json, read_as


class _KeptHead(Schema):
    settings: dict[str, Any]


class _Kept(Schema):
    key: str
    rows: list[dict[str, Any]]


class KeptRows:
    """The rows kept so far, by key; opened by one process at a time."""

    def __init__(self, out: Path, settings: Mapping[str, Any]) -> None:
        """Open the file beside *out*, or begin one; raise StylerepError if it is damaged, another process's,
        or was begun with other settings.
        """
        self.path = Path(f"{out}.unfinished.jsonl")
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._file = JournalFile(self.path, f"{out}: another process writes this file.")
        try:
            self._read(settings)
        except BaseException:
            self._file.close()
            raise

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> list[dict[str, Any]]:
        return self._rows[key]

    def keep(self, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows of a key down."""
        self._rows[key] = [dict(row) for row in rows]
        self._file.write({"key": key, "rows": self._rows[key]})

    def close(self) -> None:
        """Close the file; one without any row is removed."""
        if not self._rows:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def remove(self) -> None:
        """Remove the file: what it kept stands elsewhere."""
        self._rows = {}
        self.path.unlink(missing_ok=True)

    def _read(self, settings: Mapping[str, Any]) -> None:
        begun = False
        for number, line in self._file.lines():
            where = f"{self.path}, line {number}"
            try:
                content = parse_json(line, where)
                if number == 1:
                    there = read_as(_KeptHead, content, where).settings
                    difference = first_difference(there, settings)
                else:
                    kept = read_as(_Kept, content, where)
                    self._rows[kept.key] = kept.rows
            except StylerepError as error:
                raise StylerepError(
                    f"{str(error).removesuffix('.')}; the file is damaged, remove it to begin anew."
                ) from error
            if difference:
                raise StylerepError(
                    f"{self.path} was begun with {difference}; give the same settings, or remove it to begin"
                    " anew."
                )
            begun = True
        if not begun:
            self._file.write({"settings": dict(settings)})
