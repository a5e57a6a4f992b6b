"""Reads a samples file twice: for the scores and places of its rows, then row by row in the order of a set of items."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.accuracy import AccuracyMetric, NoAccuracyError, accuracy_metric, find_metric
from harness_ext.leaderboard.board import STYLE
from harness_ext.leaderboard.facts import settings_text
from harness_ext.runs import item_of, sample_rows
from synth.errors import StylerepError
from synth.schema import open_regular, parse_json
from synth.secrets import SECRETS

SCORES = ("acc", "recorded", *STYLE)
"""What a board keeps of an item: its accuracy, by whichever metric, under the name acc, and scores as they are."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """The rows of one task and filter in a samples file.

    `hashes` are the items in the order of the file, `lines` the place of each row in it, in bytes. `scores` has those of `SCORES` that every item has,
    each of shape (items,). `decoding` is what the first row says of how it was generated. `accuracy` is the metric that is there as acc, None where none is,
    for the reason in `lacks`; `metrics` are the names of all.
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
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def scan(task: str, path: Path, metric: str | None = None) -> list[Scanned]:
    """Read the scores of a samples file, one `Scanned` a filter.

    Accuracy is *metric* where a filter's rows have it, else see `harness_ext.accuracy`. Raises StylerepError, naming file and line, for what is
    unreadable or doubled, and for accuracy beyond 0 and 1.
    """
    found: dict[str, Scanned] = {}
    values: dict[str, list[dict[str, float]]] = {}
    places: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    sha256 = file_digest(path)
    for (where, row), begin in zip(sample_rows(path), _line_starts(path), strict=True):
        item = item_of(row, where)
        if (item.filter, item.doc_hash) in seen:
            raise StylerepError(f"{where}: the item {item.doc_hash} occurs a second time.")
        seen.add((item.filter, item.doc_hash))
        if item.filter not in found:
            found[item.filter] = Scanned(path, sha256, task, item.filter, decoding=settings_text(_generation(row)))
        kept = found[item.filter]
        kept.hashes.append(item.doc_hash)
        kept.lines.append(begin)
        values.setdefault(item.filter, []).append(item.metrics)
        places.setdefault(item.filter, []).append(where)
    return [_scored(kept, values[name], places[name], metric) for name, kept in found.items()]


def _scored(kept: Scanned, values: Sequence[dict[str, float]], places: Sequence[str], metric: str | None) -> Scanned:
    """Return what was scanned, with its scores."""
    names = tuple(dict.fromkeys(name for one in values for name in one))
    chosen, lacks = None, ""
    try:
        wanted = metric if metric is not None and find_metric(names, metric) else None
        chosen = accuracy_metric(values, f"{kept.path}, {kept.label}", wanted, places.__getitem__)
    except NoAccuracyError as error:
        lacks = str(error)
    taken = {"acc": chosen.metric} if chosen else {}
    for score in SCORES:
        name = taken.get(score, score)
        if (score != "acc" or chosen) and all(name in one for one in values):
            kept.scores[score] = np.array([one[name] for one in values])
    return replace(kept, accuracy=chosen, lacks=lacks, metrics=names)


def rows_at(path: Path, places: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield the rows that begin at these bytes of a samples file, secrets in them masked."""
    with open_regular(path) as file:
        for place in places:
            file.seek(place)
            line = file.readline()
            row = parse_json(line, path)
            yield SECRETS.texts(row) if SECRETS.suspects(line.decode("utf-8", "replace")) else row


def _generation(row: dict[str, Any]) -> object:
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    settings = first.get("arg_1") if isinstance(first, dict) else None
    return settings if isinstance(settings, dict) else None


def _line_starts(path: Path) -> Iterator[int]:
    place = 0
    with open_regular(path) as lines:
        for line in lines:
            yield place
            place += len(line)
