"""What a run came to: which run it is, its rows, and what its folder says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from synth.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa

LABELS = ("study", "run", "model", "arm", "seed", "key", "seconds")
ITEM = (
    *("task", "filter", "doc_id", "doc_hash", "document_digest", "target_digest"),
    *("graph_search_entropy", "hops"),
)
TOLD = ("manifest", "results", "samples")
FIXED = (*LABELS, *ITEM, *TOLD)
"""The columns of an outcomes file that are no metrics."""
_WHOLE, _FRACTIONS = ("seed", "doc_id", "hops"), ("seconds", "graph_search_entropy")


class SampledTask(Schema):
    """How the first response of a task was generated, None where its row does not say, and its metrics by
    filter, in the order in which its rows have them.
    """

    generation: dict[str, JsonValue] | None
    metrics: dict[str, list[str]]


class Samples(Schema):
    """When a run was evaluated, as lm_eval names its files, and its tasks."""

    date: str
    tasks: dict[str, SampledTask]


@dataclass(frozen=True, slots=True)
class RunLabel:
    """Which run it is: of which study, its folder below ``runs/``, the model as the study calls it, arm, seed
    (None for ``base``), the key of its cell, and the seconds that the cell took (None if unknown).
    """

    study: str
    run: str
    model: str
    arm: str
    seed: int | None
    key: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class RunOutcomes:
    """A run of an outcomes file.

    `rows` have the columns `ITEM` and one for each metric (`column_of`), in the order of its samples files.
    `manifest` and `results` are its own, `samples` fits `Samples`.
    """

    label: RunLabel
    rows: "pa.Table"
    manifest: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    samples: Mapping[str, Any] = field(default_factory=dict)


def column_of(metric: str) -> str:
    """Return the column of a metric: its name, with another ``_`` where a column that is no metric would be
    meant.
    """
    return f"{metric}_" if metric.rstrip("_") in FIXED else metric


def metric_of_column(column: str) -> str | None:
    """Return the metric of a column; None for a column that is none."""
    if column in FIXED:
        return None
    return column[:-1] if column.rstrip("_") in FIXED else column


def type_of(column: str) -> "pa.DataType":
    """Return the type of a column."""
    import pyarrow as pa

    if column in _WHOLE:
        return pa.int64()
    return pa.string() if column in FIXED and column not in _FRACTIONS else pa.float64()
