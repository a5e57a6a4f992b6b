"""The loop of ``stylerep learnability``: read rows, keep what was measured, and in the end write a table."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from distill.learnability.measure import RANK_LIMIT, Value, measure, student_row
from distill.learnability.parts import PARTS
from distill.reading.reader import TreeReader
from harness_ext.pipelines.kept_rows import KeptRows
from harness_ext.pipelines.learnability.report import LearnabilityReport, report_of
from harness_ext.pipelines.student import load_named_model, model_digests
from synth.errors import StylerepError
from synth.files.output_files import write_output
from synth.files.replace_file import write_text
from synth.privacy.home_folders import without_home
from synth.privacy.secrets import SECRETS
from synth.progress import stage, turn_to
from synth.traces.datasets import read_dataset
from synth.traces.trace_rows import batches

if TYPE_CHECKING:
    from harness_ext.pipelines.learnability.server import ServerStudent

_BLOCK = 64
"""Rows that are read and written down together."""
Row = dict[str, Any]
_TEXTS = ("model", "base_sha256", "adapter", "data", "fingerprint", "arm", "id")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        ("tokens", pa.int32()),
        *((name, pa.float64()) for name in ("surprisal", "rank", "rank_surprisal_ratio")),
        *((f"tokens_{part}", pa.int32()) for part in PARTS),
        *((f"surprisal_{part}", pa.float64()) for part in PARTS),
    ]
)


def learnability(
    model: str,
    data: Sequence[Path],
    out: Path,
    *,
    adapter: Path | None = None,
    n: int | None = None,
    record: bool = False,
    model_args: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> LearnabilityReport:
    """Measure how learnable the rows of some arms' data sets are for *model* (with *adapter*, if given), the
    first *n* of each, and write a row of numbers for each to *out* (Parquet).

    Rows of one problem are read together, what they begin with in common once. What is measured lies in
    ``OUT.unfinished.jsonl`` until the table stands: the same call goes on where one was killed. With *record*
    each data set's manifest says in ``learnability`` what came of it, by the digest of the student. With
    *model_args*, those of lm_eval's ``local-completions``, a server is asked, and *model* says nothing.
    Raises StylerepError for a model or data set that cannot be used, and for a row that training would
    refuse.
    """
    sets = [(folder, *read_dataset(folder)) for folder in data]
    if len({manifest["fingerprint"] for _, _, manifest in sets}) < len(sets):
        raise StylerepError("Two of the data sets are the same; name each arm once.")
    server = _server(model_args, say) if model_args is not None else None
    model = server.name if server else model
    digests = {"model": server.at, "adapter": None} if server else model_digests(model, adapter)
    settings = {
        **digests,
        "rows of each arm": n,
        "data sets": [manifest["fingerprint"] for _, _, manifest in sets],
        **({"model_args": server.described} if server else {}),
    }
    named = [
        {
            "model": without_home(model),
            "base_sha256": None if server else digests["model"],
            "adapter": without_home(str(adapter)) if adapter else None,
            "data": without_home(str(folder)),
            "fingerprint": manifest["fingerprint"],
            "arm": manifest["arm"],
        }
        for folder, _, manifest in sets
    ]
    # The rows of one problem stand together, so that what they share is read once.
    columns = [[(arm, row) for row in rows[:n]] for arm, (_, rows, _) in enumerate(sets)]
    wanted = [one for together in itertools.zip_longest(*columns) for one in together if one is not None]
    kept = KeptRows(out, settings)
    try:
        measured = _measured(model, adapter, server, wanted, kept, say)
        table = [
            {**named[arm], "id": row["id"], **found}
            for (arm, row), found in zip(wanted, measured, strict=True)
        ]
        write_output(out, table_bytes(table))
        kept.remove()
    finally:
        kept.close()
    report = report_of(table)
    if record:
        student = " + ".join(str(digest) for digest in digests.values() if digest)
        for folder, _, manifest in sets:
            _record(folder, manifest, student, report)
    return report


def _record(folder: Path, manifest: Row, student: str, report: LearnabilityReport) -> None:
    """Add to the manifest of a data set what a student finds of it; its rows and fingerprint stay."""
    (arm,) = (one for one in report.arms if one.data == without_home(str(folder)))
    found = {
        "model": report.model,
        "rows": arm.rows,
        "tokens": arm.tokens,
        "surprisal": arm.surprisal.estimate,
        "rank": arm.rank,
        "rank_surprisal_ratio": arm.rank_surprisal_ratio,
        "parts": arm.parts,
        "signature": arm.surprisal.signature,
    }
    known = manifest.get("learnability")
    kept = known if isinstance(known, dict) else {}
    content = {**manifest, "learnability": {**kept, student: found}}
    write_text(folder / "manifest.json", json.dumps(content, indent=2) + "\n")


def _server(model_args: Mapping[str, Any], say: Callable[[str], None]) -> "ServerStudent":
    from harness_ext.pipelines.learnability.server import ServerStudent  # imports lm_eval

    server = ServerStudent(model_args)
    if masked := SECRETS.sentence():
        say(masked)
    return server


def _measured(
    model: str,
    adapter: Path | None,
    server: "ServerStudent | None",
    wanted: Sequence[tuple[int, Row]],
    kept: KeptRows,
    say: Callable[[str], None],
) -> list[dict[str, Value]]:
    """Return what was measured of each row, in their order: as it was kept, or measured now."""
    blocks = list(batches(wanted, _BLOCK))
    begun = sum(str(number) in kept for number in range(len(blocks)))
    if begun:
        say(f"Going on after {min(begun * _BLOCK, len(wanted)):,} of {len(wanted):,} rows.")
    missing = [(number, block) for number, block in enumerate(blocks) if str(number) not in kept]
    if missing and server:
        with stage("asking the server", sum(len(block) for _, block in missing), "rows") as at:
            for number, block in missing:
                found = []
                for one in server.measure([row for _, row in block]):
                    found.append(one)
                    at.advance()
                kept.keep(str(number), found)
        if server.unranked:
            say(
                f"Ranks of {server.unranked:,} rows are missing: a token is not among the likeliest that the"
                " server names (top_logprobs)."
            )
    elif missing:
        turn_to("loading the student")
        loaded = load_named_model(model, adapter, say)
        reader = TreeReader(loaded.model)
        told = False
        with stage("reading the student's surprise", sum(len(block) for _, block in missing), "rows") as at:
            for number, block in missing:
                rows = [student_row(row, loaded.tokenizer, loaded.family, loaded.longest) for _, row in block]
                kept.keep(str(number), list(measure(reader, rows, at.onwards())))
                if not told and reader.note:
                    say(f"Rows are read one by one: {reader.note}.")
                told = True
    return [row for number in range(len(blocks)) for row in kept[str(number)]]


def table_bytes(table: Sequence[Row]) -> bytes:
    """Return a table of rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    noted = {"rank_limit": str(RANK_LIMIT), "surprisal": "nats a token"}
    pq.write_table(pa.Table.from_pylist(list(table), SCHEMA.with_metadata(noted)), sink, compression="zstd")
    return bytes(sink.getvalue())
