"""Schemas of a board's files, which may come from elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from harness_ext.pages.leaderboard.facts import RunFacts
from harness_ext.runs.accuracy import DEFAULT
from synth.errors import StylerepError
from synth.schema import Schema, Whole, read_as, read_json

Count = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[float, Field(ge=0, le=1)]


class _OpenRecord(Schema):
    model_config = ConfigDict(extra="ignore")


class ColumnRecord(_OpenRecord):
    """As `harness_ext.pages.leaderboard.board.Column`."""

    id: str
    task: str
    version: str
    items: str
    n: Annotated[int, Field(ge=1, lt=2**53)]
    metric: str = DEFAULT


class OtherRecord(_OpenRecord):
    """As `harness_ext.runs.accuracy.OtherMetric`."""

    metric: str
    mean: float
    accuracy: float
    items: Count
    n: Count


class PartRecord(_OpenRecord):
    """As `harness_ext.pages.leaderboard.store.Part`."""

    column: ColumnRecord
    decoding: str
    shards: list[Count]
    source: str
    others: list[OtherRecord] = Field(default=[])


class RunRecord(_OpenRecord):
    """A run on a board (``run.json``)."""

    format: Whole
    facts: RunFacts
    parts: dict[str, PartRecord]


class SetRecord(_OpenRecord):
    """A set of items (``order.json``)."""

    hashes: Annotated[list[str], Field(min_length=1)]
    shards: list[Count]
    documents: str = ""


class SettingsRecord(_OpenRecord):
    """As `harness_ext.pages.leaderboard.BoardSettings`."""

    title: str
    tasks: list[str]
    by_seed: bool
    baseline: str
    traces: Count | None
    metric: str = ""


class BoardRecord(_OpenRecord):
    """The file of a board (``board.json``), as far as it is read back."""

    settings: SettingsRecord


def read_record(path: Path, kind: type[Any], advice: str) -> Any:
    """Return what a file of a board holds; raise StylerepError for what does not fit,
    with *advice* on what to do.
    """
    try:
        return read_as(kind, read_json(path), path)
    except StylerepError as error:
        raise StylerepError(f"{str(error).removesuffix('.')}; {advice}.") from error


def read_scores(path: Path, n: int) -> dict[str, npt.NDArray[np.float64]]:
    """Return the scores of *n* items by name, each of shape (n,), from the file of a board.

    Raises StylerepError for a file that cannot be read, has no accuracy, another number of rows, or a score
    that is no finite number; accuracy is 0 to 1.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        found = {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise StylerepError(
            f"{path}: the scores cannot be read ({(str(error).splitlines() or ['damaged'])[0]}); remove the"
            " run and add it again."
        ) from error
    if "acc" not in found or table.num_rows != n:
        what = f"{table.num_rows:,} rows" if "acc" in found else "no accuracy"
        raise StylerepError(
            f"{path}: expected the scores of {n:,} items, found {what}; remove the run and add it again."
        )
    for name, values in found.items():
        if not np.isfinite(values).all() or (name == "acc" and not ((values >= 0) & (values <= 1)).all()):
            says = "numbers of 0 to 1" if name == "acc" else "finite numbers"
            raise StylerepError(
                f"{path}: {name}: expected {says}, found others; remove the run and add it again."
            )
    return found
