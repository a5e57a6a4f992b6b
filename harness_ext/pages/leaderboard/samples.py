"""Reads a samples file twice: for the scores and places of its rows,
then row by row in the order of a set of items.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.pages.leaderboard.board import STYLE
from harness_ext.pages.leaderboard.facts import settings_text
from harness_ext.runs.accuracy import DRAWS, AccuracyMetric, NoAccuracyError, accuracy_metric, find_metric
from harness_ext.runs.asked_items import AskedItems
from harness_ext.runs.sample_rows import checked_row
from harness_ext.runs.scored_items import ScoredItems
from harness_ext.runs.scored_rows import scored_rows
from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS
from synth.schema import open_regular, parse_json

_AT_ONCE = 100
SCORES = ("acc", "recorded", DRAWS, *STYLE)
"""What a board keeps of an item: its accuracy, by whichever metric, under the name acc,
and scores as they are.
"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """The rows of one task and filter in a samples file.

    `hashes` are the items in the order of the file, `lines` the place of each row in it, in bytes. `scores`
    has those of `SCORES` that every item has, each of shape (items,). `decoding` is what the first row says
    of how it was generated. `accuracy` is the metric that is there as acc, None where none is, for the reason
    in `lacks`; `metrics` are the names of all. `documents` is a digest of all documents,
    empty where a row holds none.
    """

    path: Path
    sha256: str
    task: str
    filter: str
    hashes: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    scores: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    decoding: str = ""
    accuracy: AccuracyMetric | None = None
    lacks: str = ""
    metrics: tuple[str, ...] = ()
    documents: str = ""

    @property
    def label(self) -> str:
        """The task's name, with its filter where it has one."""
        return self.task if self.filter == "none" else f"{self.task}:{self.filter}"

    @property
    def items(self) -> str:
        """The digest of the set of items, 12 hexadecimal digits."""
        return set_digest(self.hashes)


def set_digest(hashes: Iterable[str]) -> str:
    """Return the digest of a set of items by their hashes, 12 hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode(errors="surrogatepass")).hexdigest()[:12]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; raise StylerepError for what is no regular file."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a binary file has readinto, typing's BinaryIO has not


def scan(task: str, path: Path, metric: str | None = None) -> list[Scanned]:
    """Read the scores of a samples file, one `Scanned` a filter.

    Accuracy is *metric* where a filter's rows have it, else see `harness_ext.runs.accuracy`. Raises
    StylerepError, naming file and line, for what is unreadable or doubled, and for accuracy beyond 0 and 1.
    """
    found: dict[str, Scanned] = {}
    values: dict[str, ScoredItems] = {}
    asked: dict[str, AskedItems] = {}
    places: dict[str, array[int]] = {}
    sha256 = file_digest(path)
    for row in scored_rows(path):
        name = row.filter
        if name not in found:
            settings = _generation(checked_row(row.line, f"{path}, line {row.number}"))
            found[name] = Scanned(path, sha256, task, name, decoding=settings_text(settings))
            values[name], places[name], asked[name] = ScoredItems(name), array("Q"), AskedItems()
        if not values[name].add_values(row.doc_hash, row.names, row.values):
            raise StylerepError(f"{path}, line {row.number}: the item {row.doc_hash} occurs a second time.")
        found[name].lines.append(row.begin)
        asked[name].add(row.doc_hash, row.asked)
        places[name].append(row.number)
    return [
        replace(_scored(kept, values[name], places[name], metric), documents=_together(asked[name]))
        for name, kept in found.items()
    ]


def _together(asked: AskedItems) -> str:
    """Return one digest for all documents, 12 hexadecimal digits; empty where one is not there."""
    digests = asked.documents(sorted(asked))
    return hashlib.sha256(digests.astype("<u8").tobytes()).hexdigest()[:12] if digests.all() else ""


def _scored(kept: Scanned, values: ScoredItems, places: Sequence[int], metric: str | None) -> Scanned:
    """Return what was scanned, with its scores; *places* are the lines of the items."""
    chosen, lacks = None, ""
    columns, whole = values.columns(), values.common_metrics()
    try:
        wanted = metric if metric is not None and find_metric(values.metrics, metric) else None
        chosen = accuracy_metric(
            columns,
            f"{kept.path}, {kept.label}",
            wanted,
            lambda number: f"{kept.path}, line {places[number]}",
        )
    except NoAccuracyError as error:
        lacks = str(error)
    taken = {"acc": chosen.metric} if chosen else {}
    scores = {
        score: columns[name].copy()
        for score in SCORES
        if (name := taken.get(score, score)) in whole and (score != "acc" or chosen)
    }
    return replace(
        kept, hashes=list(values), scores=scores, accuracy=chosen, lacks=lacks, metrics=tuple(values.metrics)
    )


def rows_at(path: Path, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the rows that begin at these bytes of a samples file, secrets in them masked."""
    with open_regular(path) as file:
        for start in range(0, len(places), _AT_ONCE):
            lines = []
            for place in places[start : start + _AT_ONCE]:
                file.seek(place)
                lines.append(file.readline())
            for line, suspected in zip(lines, SECRETS.suspected(lines), strict=True):
                row = parse_json(line, path)
                yield SECRETS.texts(row) if suspected else row


def _generation(row: dict[str, Any]) -> object:
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    settings = first.get("arg_1") if isinstance(first, dict) else None
    return settings if isinstance(settings, dict) else None
