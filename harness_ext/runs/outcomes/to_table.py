"""Packs runs as Parquet: the same bytes for the same runs, in whichever order they came."""

import io
import json
from collections.abc import Sequence
from typing import Any

from harness_ext.runs.outcomes.run_outcomes import FIXED, LABELS, TOLD, RunOutcomes, type_of

VERSION = b"stylerep_outcomes"
FORMAT = 1
"""Raised when what a column means changes."""
_LEVEL = 9


def to_parquet(runs: Sequence[RunOutcomes]) -> bytes:
    """Return an outcomes file of these runs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [_part(run) for run in sorted(runs, key=_place)]
    together = pa.concat_tables(parts, promote_options="default")
    metrics = [name for name in together.column_names if name not in FIXED]
    before = [name for name in FIXED if name not in TOLD]
    table = together.select([*before, *metrics, *TOLD])
    table = table.replace_schema_metadata({VERSION: str(FORMAT).encode()})
    packed = io.BytesIO()
    pq.write_table(
        table,
        packed,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[*before, *metrics],
        write_statistics=False,
        store_schema=False,  # with statistics more than half of the footer, and nobody reads them
    )
    return packed.getvalue()


def _place(run: RunOutcomes) -> tuple[Any, ...]:
    label = run.label
    return label.study, label.model, label.arm, label.seed is not None, label.seed or 0, label.run, label.key


def _part(run: RunOutcomes) -> Any:
    import pyarrow as pa

    n = run.rows.num_rows
    columns = {name: pa.array([getattr(run.label, name)] * n, type_of(name)) for name in LABELS}
    columns |= {name: run.rows[name] for name in run.rows.column_names}
    for name in TOLD:
        text = json.dumps(getattr(run, name), separators=(",", ":"))
        columns[name] = pa.array([text] + [None] * (n - 1), pa.string())
    return pa.table(columns)
