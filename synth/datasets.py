"""Trace data sets: one Parquet file an arm, with a manifest and a data card.

    out/hc/train.parquet  out/hc/manifest.json  out/hc/README.md

``datasets.load_dataset("parquet", data_files="out/hc/train.parquet")`` opens it as it is.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synth.arms import ARMS, TraceRow, render_arms
from synth.errors import StylerepError
from synth.problems import Problem, load_problems
from synth.replace_folder import replace_folder

FORMAT = 1
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])
_STAGE = pa.struct([("stage", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
_PIVOT = pa.struct([("kind", pa.string()), ("phrase", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
_SPECIAL = {
    "prompt": pa.list_(_MESSAGE),
    "is_correct": pa.bool_(),
    "stages": pa.list_(_STAGE),
    "pivots": pa.list_(_PIVOT),
    "seed": pa.int64(),
}
SCHEMA = pa.schema([(field.name, _SPECIAL.get(field.name, pa.string())) for field in dataclasses.fields(TraceRow)])


def synth(problems: str, arms: Sequence[str], out: Path, n: int | None = None, seed: int = 0) -> dict[str, Path]:
    """Render *n* problems of a source in each arm and write one data set an arm below *out*.

    All arms hold the same problem ids in the same order. The same inputs give the same bytes. An
    arm's folder is replaced whole or not at all. Returns the folder of each arm; raises
    StylerepError for an unknown arm or source.
    """
    chosen = list(dict.fromkeys(arms))
    if not chosen:
        raise StylerepError(f"No arm was named; choose from {', '.join(ARMS)}.")
    for arm in chosen:
        if arm not in ARMS:
            why = "it needs no data set" if arm == "base" else f"choose from {', '.join(ARMS)}"
            raise StylerepError(f"There is no arm {arm!r} to render: {why}.")
    items = load_problems(problems, n, seed)
    rows = [render_arms(item, chosen, seed) for item in items]
    shared = {"problems": problems, "n": len(items), "seed": seed, "problem_ids_sha256": _ids_digest(items)}
    return {arm: write_dataset(out / arm, arm, [row[arm] for row in rows], shared) for arm in chosen}


def write_dataset(folder: Path, arm: str, rows: Sequence[TraceRow], shared: dict[str, Any]) -> Path:
    """Write the rows of one arm as a data set; *shared* goes into its manifest."""
    with replace_folder(folder) as fresh:
        table = pa.Table.from_pylist([dataclasses.asdict(row) for row in rows], schema=SCHEMA)
        pq.write_table(table, fresh / "train.parquet", compression="zstd")
        manifest = {
            "format": FORMAT,
            "arm": arm,
            **shared,
            "fingerprint": hashlib.sha256((fresh / "train.parquet").read_bytes()).hexdigest(),
            "template_hash": rows[0].template_hash,
            "lexicon_version": rows[0].lexicon_version,
        }
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        (fresh / "README.md").write_text(_card(manifest, rows), encoding="utf-8")
    return folder


def read_dataset(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the rows and the manifest of a data set; raise StylerepError if it is none."""
    manifest_path, data_path = folder / "manifest.json", folder / "train.parquet"
    if not manifest_path.is_file() or not data_path.is_file():
        raise StylerepError(f"{folder}: this is not a trace data set (it needs train.parquet and manifest.json); make one with stylerep synth.")
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        table = pq.read_table(data_path)
    except (ValueError, OSError) as error:
        raise StylerepError(f"{folder}: the data set cannot be read ({error}).") from error
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise StylerepError(f"{data_path}: the column {missing[0]!r} is missing.")
    if table.num_rows == 0:
        raise StylerepError(f"{data_path}: the data set holds no rows.")
    return table.to_pylist(), manifest


def _ids_digest(items: Sequence[Problem]) -> str:
    return hashlib.sha256("\n".join(item.id for item in items).encode()).hexdigest()


def _card(manifest: dict[str, Any], rows: Sequence[TraceRow]) -> str:
    words = sorted(len(row.trace.split()) for row in rows)
    lines = [
        f"# Traces of arm `{manifest['arm']}`",
        "",
        f"{len(rows)} responses to problems of `{manifest['problems']}` (seed {manifest['seed']}), rendered by templates "
        f"{manifest['template_hash']} with lexicon {manifest['lexicon_version']}.",
        "",
        f"- Stated answers that are right: {sum(row.is_correct for row in rows)} of {len(rows)}.",
        f"- Median length of a trace: {words[len(words) // 2]} words.",
        "- Every arm made by the same command holds the same problem ids in the same order.",
        "- The problems keep the licence of their source; the rest of the text comes from templates.",
        "",
    ]
    return "\n".join(lines)
