"""Reads and checks the rows of a samples file as lm_eval writes them, and tells scores from other fields."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness_ext.runs.accuracy import shown as marked
from harness_ext.runs.scored_items import ScoredItem
from synth.errors import StylerepError
from synth.responses.samples_file import LEFT_OUT
from synth.schema import open_regular, parse_json, shown

NOT_METRICS = {
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
}
NOT_METRICS |= {"scores_per_repeat"}  # of lm_eval 0.5
NOT_METRICS |= {LEFT_OUT}
LENGTH = "trace_words"
LARGEST = 1e50
"""Beyond what any score means, and far below where sums of cubes overflow."""


def sample_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each row of a samples file with its place; raise StylerepError, naming file and line, for what
    isn't a sample.
    """
    with open_regular(path) as lines:
        for number, line in enumerate(lines, 1):
            where = f"{path}, line {number}"
            yield where, checked_row(line, where)


def checked_row(line: bytes, where: str) -> dict[str, Any]:
    """Return a row of a samples file, whose place is told by *where*;
    raise StylerepError for what is no sample.
    """
    row = parse_json(line, where)
    if not isinstance(row, dict) or not isinstance(row.get("doc_hash"), str):
        raise StylerepError(
            f"{where}: expected a sample with a doc_hash, as lm_eval --log_samples writes it."
        )
    if not isinstance(row.get("filter", ""), str):
        raise StylerepError(f"{where}: filter: expected a text, found {shown(row['filter'])}.")
    return row


def metrics_of(row: dict[str, Any], where: str) -> dict[str, float]:
    """Return what a row of a samples file was scored.

    A name that ends in the row's filter, as in lm_eval's results (``exact_match,none``), stands without it;
    what cannot be printed becomes a mark. Raises StylerepError for a score that is NaN or infinite,
    beyond 1e50, or a length below 0.
    """
    metrics = {}
    for name, stored, least in possible_metrics(tuple(row), row.get("filter", "none")):
        value = row[name]
        if not isinstance(value, (int, float)):
            continue
        if not least <= value <= LARGEST:  # also where it is NaN
            says = "0 or more" if least == 0 else "a finite number"
            raise StylerepError(
                f"{where}: the metric {shown(stored)[1:-1]} must be {says}, found {shown(value)}."
            )
        metrics[stored] = float(value)
    return metrics


@functools.lru_cache(maxsize=16)  # the rows of a file have the same fields
def possible_metrics(fields: tuple[str, ...], filter_name: str) -> list[tuple[str, str, float]]:
    """Return, of the fields of a row, those that are metrics if they are numbers: its name, the name that it
    is given, and the least that it may be.
    """
    found = []
    for name in fields:
        bare = name.removesuffix(f",{filter_name}")
        if name not in NOT_METRICS:
            found.append(
                (
                    name,
                    marked(name if bare != name and bare in fields else bare),
                    0 if bare == LENGTH else -LARGEST,
                )
            )
    return found


def item_of(row: dict[str, Any], where: str) -> ScoredItem:
    """Return a row of a samples file as an item; raises what `metrics_of` does."""
    return ScoredItem(row["doc_hash"], row.get("filter", "none"), metrics_of(row, where))
