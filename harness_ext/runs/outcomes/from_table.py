"""Reads an outcomes file, which may come from anywhere, and checks all of it."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness_ext.runs.accuracy import DEFAULT
from harness_ext.runs.manifests import Manifest, Results
from harness_ext.runs.outcomes.run_outcomes import (
    FIXED,
    ITEM,
    LABELS,
    TOLD,
    RunLabel,
    RunOutcomes,
    Samples,
    metric_of_column,
    type_of,
)
from harness_ext.runs.outcomes.to_table import FORMAT, VERSION
from harness_ext.runs.sample_rows import LARGEST, LENGTH
from synth.errors import StylerepError
from synth.responses.samples_file import samples_name
from synth.schema import Schema, open_regular, parse_json, printable, read_as, shown

if TYPE_CHECKING:
    import pyarrow as pa

_SCHEMAS: dict[str, type[Schema]] = {"manifest": Manifest, "results": Results, "samples": Samples}
_NEEDED = ("study", "run", "model", "arm", "key", "task", "filter", "doc_hash")
_MOST_VALUES, _MOST_COLUMNS = 300_000_000, 2000


def runs_of(path: Path) -> dict[str, RunOutcomes]:
    """Return the runs of an outcomes file by their keys.

    Raises StylerepError, naming the column and, where there is one, the row (from 1), for a file that is not
    Parquet or was cut off, lacks a column, or holds a value that no run can have or a row twice.
    """
    table = _checked(_table(path), path)
    runs = {}
    for first, part in _parts(table):
        run = _run(part, f"{path}, row {first + 1}")
        runs[run.label.key] = run
    return runs


def _table(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_regular(path) as opened:
        try:
            with pq.ParquetFile(opened) as file:
                about = file.metadata
                if about.num_rows * about.num_columns > _MOST_VALUES or about.num_columns > _MOST_COLUMNS:
                    raise StylerepError(
                        f"{path}: {about.num_rows:,} rows of {about.num_columns:,} columns are more than an"
                        " outcomes file is read with."
                    )
                version = (about.metadata or {}).get(VERSION, str(FORMAT).encode())
                if version != str(FORMAT).encode():
                    raise StylerepError(
                        f"{path}: this is an outcomes file of another version of stylerep, which writes it"
                        f" as format {printable(version.decode(errors='replace'))[:20]}; here it is {FORMAT}."
                    )
                names = file.schema_arrow.names
                if lacking := [name for name in FIXED if name not in names]:
                    raise StylerepError(
                        f"{path}: this is no outcomes file, since it has no column {', '.join(lacking)}."
                    )
                if twice := [name for name in names if names.count(name) > 1]:
                    raise StylerepError(f"{path}: there are two columns {shown(twice[0])}.")
                found = file.read()
                found.validate(full=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise StylerepError(
                f"{path}: this cannot be read as an outcomes file; it is no Parquet, or was cut off"
                f" ({printable((str(error).splitlines() or ['damaged'])[0])[:200]})."
            ) from error
    return found


def _checked(table: "pa.Table", path: Path) -> "pa.Table":
    """Return a table whose columns have the types that they should, with values in their ranges."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = {}
    for name in table.column_names:
        column, kind = table[name], type_of(name)
        fits = pa.types.is_null(column.type) or (
            (pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
            if kind == pa.string()
            else pa.types.is_integer(column.type)
            or (kind == pa.float64() and pa.types.is_floating(column.type))
        )
        if not fits:
            wanted = (
                "texts" if kind == pa.string() else "numbers" if kind == pa.float64() else "whole numbers"
            )
            raise StylerepError(f"{path}: {printable(name)}: expected {wanted}, found {column.type}.")
        try:
            columns[name] = column.cast(kind).combine_chunks()
        except pa.ArrowException as error:
            raise StylerepError(
                f"{path}: {printable(name)}: a number is too large ({str(error)[:100]})."
            ) from error
        if name in _NEEDED:
            _refuse(pc.is_null(columns[name]), path, name, "nothing stands there")
        if kind == pa.float64():
            least, most = _bounds(name)
            inside = pc.and_(
                pc.greater_equal(columns[name], least), pc.less_equal(columns[name], most)
            )  # also where it is NaN: that is neither
            says = f"expected a number of {least:g} to {most:g}"
            _refuse(pc.invert(inside.fill_null(True)), path, name, says)
    checked = pa.table(columns)
    _refuse_doubles(checked, path)
    return checked


def _bounds(name: str) -> tuple[float, float]:
    if name == "graph_search_entropy":
        return 0.0, 1e6
    if name == "seconds":
        return 0.0, 1e9
    metric = metric_of_column(name)
    return (0.0, 1.0) if metric == DEFAULT else (0.0 if metric == LENGTH else -LARGEST, LARGEST)


def _refuse(wrong: Any, path: Path, name: str, says: str) -> None:
    import pyarrow.compute as pc

    place = pc.index(wrong, True).as_py()
    if place >= 0:
        raise StylerepError(f"{path}, row {place + 1}: {printable(name)}: {says}.")


def _refuse_doubles(table: "pa.Table", path: Path) -> None:
    names = ["key", "task", "filter", "doc_hash"]
    counted = table.select(names).group_by(names).aggregate([([], "count_all")])
    if counted.num_rows == table.num_rows:
        return
    twice = next(row for row in counted.to_pylist() if row["count_all"] > 1)
    raise StylerepError(
        f"{path}: the item {printable(twice['doc_hash'])[:64]} of {printable(twice['task'])[:100]} occurs"
        f" {twice['count_all']} times in the run of key {printable(twice['key'])[:12]}."
    )


def _parts(table: "pa.Table") -> Iterator[tuple[int, "pa.Table"]]:
    """Yield the rows of each run, in their order, and at which row of the table the first stands."""
    import numpy as np

    codes = table["key"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order], prepend=-1, append=-1))
    together = bool((np.diff(order) == 1).all())
    for begin, end in itertools.pairwise(bounds):
        part = table.slice(begin, end - begin) if together else table.take(order[begin:end])
        yield int(order[begin]), part


def _run(part: "pa.Table", where: str) -> RunOutcomes:
    label = RunLabel(**{name: _same(part, name, where) for name in LABELS})
    told = {}
    for name, schema in _SCHEMAS.items():
        texts = part[name].drop_null().to_pylist()
        if len(texts) != 1:
            raise StylerepError(
                f"{where}: {name}: expected one text among the rows of a run, found {len(texts)}."
            )
        told[name] = parse_json(texts[0], f"{where}, {name}")
        if not isinstance(told[name], dict):
            raise StylerepError(f"{where}, {name}: expected a JSON object, found {shown(told[name])}.")
        read_as(schema, told[name], f"{where}, {name}")
    named = samples_name(f"samples_x_{told['samples']['date']}.jsonl")
    if named is None or named.date != told["samples"]["date"]:
        raise StylerepError(
            f"{where}, samples: date: expected a time as lm_eval names its files, found"
            f" {shown(told['samples']['date'])}."
        )
    tasks = set(part["task"].unique().to_pylist())
    if tasks != set(told["samples"]["tasks"]):
        raise StylerepError(f"{where}, samples: its tasks are others than those of the run's rows.")
    metrics = [
        name for name in part.column_names if name not in FIXED and part[name].null_count < part.num_rows
    ]
    return RunOutcomes(label, part.select([*ITEM, *metrics]), *(told[name] for name in TOLD))


def _same(part: "pa.Table", name: str, where: str) -> Any:
    values = part[name].unique().to_pylist()
    if len(values) > 1:
        raise StylerepError(f"{where}: {name}: the rows of a run differ in it.")
    return values[0]
