"""Scores of a run's items, written down as they come: what can be watched before lm_eval saves its results.

    scores.jsonl    {"begun": "2026-…", "order_seed": 0, "order_sha256": …, "items": {"style_arith": 1319}}
                    {"task": "style_arith", "filter": "none", "doc_hash": …, "metrics": {"exact_match": 1.0}}

The first line stands there before the first item is asked, another one after each start. Items come in the
order that it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from harness_ext.runs.journal_file import JournalFile
from harness_ext.runs.scored_items import ScoredItems
from synth.errors import StylerepError
from synth.schema import Schema, Whole, open_regular, parse_json, read_as

SCORES = "scores.jsonl"


class _Header(Schema):
    model_config = ConfigDict(extra="ignore")
    order_seed: Whole
    order_sha256: str
    items: dict[str, Whole]


class _Line(Schema):
    model_config = ConfigDict(extra="ignore")
    task: str
    filter: str
    doc_hash: str
    metrics: dict[str, float | Whole]


@dataclass(frozen=True, slots=True)
class ScoresSoFar:
    """What a run's file of scores holds: the items of each task in all, by which seed and digest they are in
    order, and the scored ones by (task, filter), in that order.
    """

    order_seed: int
    order_sha256: str
    items: Mapping[str, int]
    tasks: Mapping[tuple[str, str], ScoredItems]


class ScoresFile:
    """A file of scores that one process writes. One that is there is begun anew."""

    def __init__(self, folder: Path, header: Mapping[str, Any]) -> None:
        """Begin the file of a run folder; raise StylerepError if it cannot be written."""
        path = folder / SCORES
        self._file = JournalFile(path, f"{path}: another process writes its scores here.")
        self._file.clear()
        self._file.write({"begun": datetime.now(UTC).isoformat(), **header})

    def add(self, task: str, filter_name: str, doc_hash: str, metrics: Mapping[str, float]) -> None:
        """Write down the scores of an item."""
        self._file.write(
            {"task": task, "filter": filter_name, "doc_hash": doc_hash, "metrics": dict(metrics)}
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_scores(folder: Path) -> ScoresSoFar | None:
    """Return the scores of a run so far, None if it keeps none; an unfinished last line is left out.

    Raises StylerepError, naming file and line, for what is no such file.
    """
    return ScoresReader(folder).read()


class ScoresReader:
    """Reads a file of scores again and again, each time what is new."""

    def __init__(self, folder: Path) -> None:
        """Read the file of this run folder."""
        self._path = folder / SCORES
        self._first, self._end, self._number = b"", 0, 0
        self._header: _Header | None = None
        self._tasks: dict[tuple[str, str], ScoredItems] = {}

    def read(self) -> ScoresSoFar | None:
        """Return the scores so far; see `read_scores`."""
        if not self._path.exists():
            return None
        with open_regular(self._path) as file:
            first = file.readline()
            if first != self._first:  # begun anew
                self._first, self._end, self._number = first, 0, 0
                self._header, self._tasks = None, {}
            file.seek(self._end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._add(line)
                self._end += len(line)
        if self._header is None:
            return None
        header = self._header
        return ScoresSoFar(header.order_seed, header.order_sha256, header.items, self._tasks)

    def _add(self, line: bytes) -> None:
        self._number += 1
        where = f"{self._path}, line {self._number}"
        content = parse_json(line, where)
        if self._header is None:
            self._header = read_as(_Header, content, where)
            return
        one = read_as(_Line, content, where)
        key = one.task, one.filter
        items = self._tasks.get(key) or self._tasks.setdefault(key, ScoredItems(one.filter))
        if not items.add(one.doc_hash, {name: float(value) for name, value in one.metrics.items()}):
            raise StylerepError(f"{where}: the item {one.doc_hash} occurs a second time.")
