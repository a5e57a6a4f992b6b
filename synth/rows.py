"""Rows of data files (JSONL, JSONL.gz, JSON, CSV, Parquet) and of Hub data sets, one after the other,
each with its place for errors.
"""

import contextlib
import functools
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from synth.errors import MissingDataError, StylerepError
from synth.schema import open_regular, parse_json, printable, read_regular, shown

SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".csv", ".parquet")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?")
# A row may hold traces of 100,000 characters: few rows are held at once,
# and no row of a CSV may be longer than a block.
_BATCH_ROWS, _BATCH_BYTES, _CSV_BLOCK = 64, 1 << 20, 1 << 25
_WRITTEN = re.compile(r"\\u[dD]")
_HALVES = re.compile("[\ud800-\udfff]")
_LONGEST_LINE = 200_000_000
_HUB_SECONDS = 10


class Row(NamedTuple):
    """One row: its place, as an error names it (``file, line 3``), and its fields."""

    where: str
    fields: dict[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, told by its suffix; all but ``.json`` are read as they are asked for.

    What is no UTF-8, and half of a surrogate pair, is read with a mark in its place. Every field of a CSV is
    a text. Raises StylerepError, naming the place, for what cannot be read.
    """
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from rows_of(_lines(path))
        return
    if path.suffix == ".json":
        items = _json_items(path)
    elif path.suffix == ".csv":
        items = _csv_items(path)
    else:
        items = _parquet_items(path)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise StylerepError(
                f"{path}, item {number}: expected an object with named fields, found {shown(item)}."
            )
        yield Row(f"{path}, item {number}", item)


class Line(NamedTuple):
    """A line of a JSONL file as it stands there."""

    path: Path
    number: int
    content: bytes


def unread_rows(path: Path, n: int) -> Iterator[list[Row | Line]]:
    """Yield the rows of a file, up to *n* or about 1 MB at once, those of a JSONL file as lines that
    `rows_of` reads, in whichever process.
    """
    waiting: list[Row | Line] = []
    size = 0
    rows: Iterator[Row | Line] = (
        _lines(path) if path.name.endswith((".jsonl", ".jsonl.gz")) else read_rows(path)
    )
    for row in rows:
        waiting.append(row)
        size += len(row.content) if isinstance(row, Line) else 0
        if len(waiting) == n or size > _BATCH_BYTES:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


def row_count(path: Path) -> int | None:
    """Return about how many rows a file has, as progress shows it; None where that is known only when all is
    read, or it cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            with open_regular(path) as opened:
                return int(pq.ParquetFile(opened).metadata.num_rows)
        if path.suffix == ".jsonl":
            with open_regular(path) as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except (StylerepError, OSError, ValueError):
        return None  # told when it is read
    return None


def rows_of(unread: Iterable[Row | Line]) -> Iterator[Row]:
    """Yield the rows of what `unread_rows` yields; raises what `read_rows` does."""
    for one in unread:
        if isinstance(one, Row):
            yield one
        elif (row := _row(one)) is not None:
            yield row


def check_sources(sources: Sequence[str]) -> None:
    """Raise StylerepError for what is no file or folder here, nor looks like the name of a Hub data set."""
    for source in sources:
        if not _exists(source) and (source.endswith(SUFFIXES) or not HUB_NAME.fullmatch(source)):
            raise StylerepError(f"{source}: there is no such file, folder or Hub data set.")


def _exists(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def hub_rows(name: str, split: str = "train", config: str | None = None) -> Iterator[Row]:
    """Yield the rows of a split of the Hub's data set *name*; raise StylerepError where it cannot be
    loaded.
    """
    import datasets
    from huggingface_hub import constants

    options = {"name": config} if config else {}
    silent = not constants.HF_HUB_OFFLINE and not _hub_answers()
    try:
        with contextlib.ExitStack() as patches:
            for settings in (constants, datasets.config) if silent else ():
                # what lies in its cache is found all the same
                patches.enter_context(patch.object(settings, "HF_HUB_OFFLINE", True))
            loaded = datasets.load_dataset(name, split=split, **options)
    except Exception as error:  # whatever the Hub client raises: no network, no such set, no such split
        raise MissingDataError(
            f"{name}: there is no such file here, and no such data set could be loaded from the Hub"
            f" ({_said(error)})."
        ) from error
    for number, row in enumerate(loaded):
        yield Row(f"{name}:{split}, row {number}", row)


@functools.cache
def _hub_answers() -> bool:
    """Say whether the Hub gives any answer, asked once in a process: without a network, each data set is
    tried for 23 s (huggingface_hub 2.4).
    """
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=_HUB_SECONDS)
    except Exception:  # noqa: BLE001 (whatever the client of the day raises)
        return False
    return True


def _lines(path: Path) -> Iterator[Line]:
    number = 0
    with open_regular(path) as file, gzip.open(file) if path.suffix == ".gz" else file as lines:
        try:
            while line := lines.readline(_LONGEST_LINE + 1):
                number += 1  # told in errors
                if len(line) > _LONGEST_LINE:
                    raise StylerepError(
                        f"{path}, line {number}: this has more than {_LONGEST_LINE / 1e6:.0f} MB; no row is"
                        " that large."
                    )
                yield Line(path, number, line)
        except (EOFError, OSError, zlib.error) as error:
            done = "unpacked" if path.suffix == ".gz" else "read"
            raise StylerepError(
                f"{path}, after line {number}: the file cannot be {done} ({_said(error)})."
            ) from error


def _row(line: Line) -> Row | None:
    """Return the row of a line; None for an empty one."""
    if not line.content.strip():
        return None
    where = f"{line.path}, line {line.number}"
    row = _parsed(line.content.decode("utf-8", "replace"), where)
    if not isinstance(row, dict):
        raise StylerepError(f"{where}: expected an object with named fields, found {shown(row)}.")
    return Row(where, row)


def _parsed(text: str, where: object) -> Any:
    """Return what JSON says, with marks for halves of surrogates,
    which can be written in it and nowhere else.
    """
    content = parse_json(text, where)
    return _marked(content) if "\\" in text and _WRITTEN.search(text) else content


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return {_marked(key): _marked(one) for key, one in value.items()} if isinstance(value, dict) else value


def _json_items(path: Path) -> Iterator[Any]:
    data = read_regular(path)
    content = _parsed(data.decode(json.detect_encoding(data), "replace"), path)
    yield from content if isinstance(content, list) else [content]


def _parquet_items(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    with open_regular(path) as opened:
        try:
            with pq.ParquetFile(opened) as file:
                for batch in file.iter_batches(_BATCH_ROWS):
                    columns = [_values(column) for column in batch.columns]
                    names = batch.schema.names
                    yield from (
                        dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)
                    )
                    count += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
        # a date beyond the year 9999, a text within a list that is no UTF-8
        except (ValueError, OverflowError) as error:
            raise StylerepError(
                f"{path}, after item {count}: a value cannot be read ({_said(error)})."
            ) from error


def _values(column: Any) -> list[Any]:
    """Return the values of a column; of texts, marks stand for what is no UTF-8."""
    import pyarrow as pa

    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise
        raw = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary())
        values = [None if value is None else value.decode("utf-8", "replace") for value in raw.to_pylist()]
    return values


def _csv_items(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv as pc

    options = {
        "read_options": pc.ReadOptions(block_size=_CSV_BLOCK),
        "parse_options": pc.ParseOptions(newlines_in_values=True),
    }
    open_regular(path).close()
    try:
        with pc.open_csv(path, **options) as first:
            names = first.schema.names
        # Bytes, so that the kind of a column never depends on its first rows and broken UTF-8 costs no row.
        with pc.open_csv(
            path, **options, convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()))
        ) as batches:
            for batch in batches:
                for start in range(0, len(batch), _BATCH_ROWS):
                    for item in batch.slice(start, _BATCH_ROWS).to_pylist():
                        yield {name: value.decode("utf-8", "replace") for name, value in item.items()}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of a column's name
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> StylerepError:
    return StylerepError(f"{path}: this cannot be read as {path.suffix[1:]} ({_said(error)}).")


def _said(error: Exception) -> str:
    """Return the first line of what an error says, short and printable."""
    return printable((str(error).splitlines() or [type(error).__name__])[0])[:300]
