"""What other programs write: results of other harnesses, and tables of responses."""

import csv
import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from benchmarks.fuzz_files.changes import any_bytes, json_file, json_lines, json_text
from benchmarks.fuzz_files.trial import Kind, command
from harness_ext.importing.log_archive import LogArchive
from tests.harness_ext.importing.sources import INSPECT, LM_EVAL, lighteval_output, pens, rows_file

_QWEN = [
    {
        "idx": i,
        "question": row["question"],
        "gt": row["answer"],
        "answer": float(row["answer"]),
        "code": ["So \\boxed{7}."],
        "pred": ["7"],
        "report": [None],
        "score": [i == 0],
    }
    for i, row in enumerate(pens("7", "8", "24"))
]


def of_harnesses(folder: Path) -> Iterator[Kind]:
    """Yield the files that ``stylerep import`` reads."""
    folder.mkdir(parents=True)
    out = (folder / "out",)
    shutil.copytree(LM_EVAL, folder / "lm")
    samples, results = next(folder.glob("lm/*/samples_pens_2*")), next(folder.glob("lm/*/results_*"))
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    yield Kind(
        "samples of lm_eval: import",
        folder,
        samples,
        json_lines(rows),
        command("import", folder / "lm", "--out", *out),
        out,
    )
    content = json.loads(results.read_text(encoding="utf-8"))
    yield Kind(
        "results of lm_eval: import",
        folder,
        results,
        json_file(content),
        command("import", folder / "lm", "--out", *out),
        out,
    )
    lighteval_output(folder / "light", "pens")
    details, results = (
        next(folder.glob("light/details/**/*.parquet")),
        next(folder.glob("light/results/**/*.json")),
    )
    light = command("import", folder / "light", "--out", *out)
    yield Kind("details of lighteval: import", folder, details, any_bytes(details.read_bytes()), light, out)
    yield Kind("details of lighteval: values", folder, details, _tables(pq.read_table(details)), light, out)
    yield Kind(
        "results of lighteval: import",
        folder,
        results,
        json_file(json.loads(results.read_text(encoding="utf-8"))),
        light,
        out,
    )
    (folder / "inspect").mkdir()
    for name in ("pens.json", "pens.eval"):
        shutil.copy(INSPECT / name, folder / "inspect" / name)
    log = folder / "inspect/pens.json"
    content = json.loads(log.read_text(encoding="utf-8"))
    yield Kind(
        "log of inspect_ai: import",
        folder,
        log,
        json_file(content),
        command("import", log, "--out", *out),
        out,
    )
    log = folder / "inspect/pens.eval"
    yield Kind(
        "archive of inspect_ai: import",
        folder,
        log,
        _archives(log),
        command("import", log, "--out", *out),
        out,
    )
    source = rows_file(folder / "my-7b/pens.jsonl", _QWEN)
    yield Kind(
        "rows of Qwen's scripts: import",
        folder,
        source,
        json_lines(list(_QWEN)),
        command("import", source, "--out", *out),
        out,
    )
    rows = pens("7", "8", "24", model="my-7b", score=1)
    source = rows_file(folder / "plain/pens.jsonl", rows)
    yield Kind(
        "rows: import", folder, source, json_lines(rows), command("import", source, "--out", *out), out
    )


def of_tables(folder: Path) -> Iterator[Kind]:
    """Yield the files that ``stylerep analyze`` reads."""
    folder.mkdir(parents=True)
    rows = [
        {
            "question": f"q{i}",
            "response": f"<think>Wait, let me check: {i} + 1 = {i + 1}.</think>\n\nThe answer is {i + 1}.",
            "correct": i % 2,
            "model": "a",
            "task": "t",
        }
        for i in range(6)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    table = pa.Table.from_pylist(rows)
    output = io.BytesIO()
    pq.write_table(table, output)
    held = {
        "rows.jsonl": lines,
        "rows.json": json.dumps(rows).encode(),
        "rows.csv": text.getvalue().encode(),
        "rows.parquet": output.getvalue(),
        "rows.jsonl.gz": gzip.compress(lines),
    }
    for name, data in held.items():
        (folder / name).write_bytes(data)
    ways: dict[str, st.SearchStrategy[Any]] = {
        "rows.jsonl": json_lines(rows),
        "rows.json": json_file(rows),
        "rows.csv": any_bytes(held["rows.csv"]),
        "rows.parquet": any_bytes(held["rows.parquet"]),
        "rows.jsonl.gz": any_bytes(held["rows.jsonl.gz"]),
    }
    for name, way in ways.items():
        yield Kind(
            f"{name}: analyze",
            folder,
            folder / name,
            way,
            command("analyze", folder / name, "--json", folder / "made.json"),
        )
    yield Kind(
        "rows.parquet: values",
        folder,
        folder / "rows.parquet",
        _tables(table),
        command("analyze", folder / "rows.parquet"),
    )


@st.composite
def _tables(draw: st.DrawFn, table: pa.Table) -> bytes:
    """Draw the bytes of a Parquet file in which a column is missing, or of another type."""
    n = table.num_rows
    place = draw(st.integers(0, len(table.column_names) - 1))
    invalid = pa.Array.from_buffers(pa.string(), n, pa.array([b"\xff\xfe"] * n).buffers())
    columns = (
        pa.nulls(n),
        pa.array([3] * n),
        pa.array([float("nan")] * n),
        pa.array([float("inf")] * n),
        pa.array([["x"]] * n),
        pa.array([{"a": [1]}] * n),
        invalid,
        pa.array(["x"] * n).dictionary_encode(),
        pa.array([2**40] * n).cast(pa.timestamp("s")),
        pa.array([10**9] * n, pa.int32()).cast(pa.date32()),
        pa.array([b"\xff"] * n),
        pa.array(["\x1b[2J"] * n),
        pa.array([True] * n),
        pa.array(["long" * 30_000] * n),
        pa.array([2**63] * n, pa.uint64()),
    )
    way = draw(st.integers(-2, len(columns) - 1))
    made = (
        table.slice(0, 0)
        if way == -2
        else (
            table.remove_column(place)
            if way == -1
            else table.set_column(place, table.column_names[place], columns[way])
        )
    )
    output = io.BytesIO()
    pq.write_table(made, output)
    return output.getvalue()


@st.composite
def _archives(draw: st.DrawFn, path: Path) -> Any:
    """Draw an archive in which a member holds something else, is missing, there twice or packed otherwise,
    or whose bytes are damaged.
    """
    if draw(st.integers(0, 3)) == 0:
        return draw(any_bytes(path.read_bytes()))
    with LogArchive(path) as log:
        members = {
            name: json.dumps(log.member(name)).encode()
            for name in log.names
            if name.startswith("samples/") or name == "header.json"
        }
    name = draw(st.sampled_from(sorted(members)))
    way = draw(st.sampled_from(("change", "change", "change", "drop", "twice", "zeros", "expand")))
    packed = draw(
        st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    )
    if way == "change":
        members[name] = draw(json_text(json.loads(members[name]))).encode()
    elif way == "drop":
        del members[name]
    elif way != "twice":
        members[name] = b"\x00" * 100 if way == "zeros" else b" " * 30_000_000 + members[name]
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", packed) as archive:
        for one, data in members.items():
            archive.writestr(one, data)
        if way == "twice":
            archive.writestr(f"./{name}", members[name])
    return output.getvalue()
