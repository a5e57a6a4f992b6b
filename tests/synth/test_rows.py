"""Rows of files that are damaged, strange or large are read, or told with their place."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synth import rows
from synth.errors import StylerepError
from synth.rows import check_sources, read_rows


def fields(path: Path) -> list[dict[str, Any]]:
    return [row.fields for row in read_rows(path)]


def refused(path: Path) -> str:
    with pytest.raises(StylerepError) as told:
        fields(path)
    return str(told.value).removeprefix(str(path))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jsonl", b'{"a": 1}\n[1]\n', ", line 2: expected an object with named fields, found [1]."),
        (
            "a.jsonl",
            b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
            ", line 1: this is nested more than 200 levels deep.",
        ),
        ("a.jsonl", b'{"a": ' + b"[" * 100_000, ", line 1: this is nested more than 200 levels deep."),
        (
            "a.jsonl",
            b'{"a": ' + b"9" * 5000 + b"}",
            ", line 1: this holds a whole number of more digits than can be read.",
        ),
        ("a.jsonl", b'\n\n{"a": 1', ", line 3: this is not valid JSON"),
        ("a.jsonl", b"\xff\xfe{\x00}\x00", ", line 1: this is not valid JSON"),
        ("a.json", b'{"a": 1', ": this is not valid JSON"),
        ("a.json", b"", ": this is not valid JSON"),
        ("a.json", b"3", ", item 1: expected an object with named fields, found 3."),
        ("a.json", b"[" * 5000, ": this is nested more than 200 levels deep."),
        ("a.csv", b"", ": this cannot be read as csv"),
        ("a.csv", b"a,b\n1\n", ": this cannot be read as csv"),
        ("a.csv", b"a,\xff\n1,2\n", ": this cannot be read as csv"),
        ("a.parquet", b"", ": this cannot be read as parquet"),
        ("a.parquet", b"PAR1" + b"\0" * 100 + b"PAR1", ": this cannot be read as parquet"),
        ("a.jsonl.gz", b"no gzip", ", after line 0: the file cannot be unpacked"),
        (
            "a.jsonl.gz",
            gzip.compress(b'{"a": 1}\n' * 1000, mtime=0)[:-8],
            ", after line 1000: the file cannot be unpacked",
        ),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(tmp_path / name).startswith(says)


def test_every_damage_to_a_packed_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = "".join(json.dumps({"a": number * 7919 % 1000}) + "\n" for number in range(400)).encode()
    whole = gzip.compress(lines, mtime=0)
    for place in range(10, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(bytes(damaged))
        assert "line " in refused(path)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json", "a.csv", "a.parquet"])
def test_only_files_are_opened(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path / name) == ": there is no such file."
    (tmp_path / name).mkdir()
    assert refused(tmp_path / name) == ": expected a file, found a folder."
    (tmp_path / name).rmdir()
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path / name) == ": expected a file, found a pipe."


def test_a_line_without_an_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_LONGEST_LINE", 1_000_000)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" + b"x" * 3_000_000))
    assert refused(path) == ", line 2: this has more than 1 MB; no row is that large."


def test_texts_of_parquet_that_are_no_utf8_are_read_with_marks(tmp_path: Path) -> None:
    raw = pa.array([b"ab", b"a\xff", None])
    table = pa.table({"text": raw.view(pa.string()), "n": [1, 2, 3]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert fields(tmp_path / "a.parquet") == [
        {"text": "ab", "n": 1},
        {"text": "a\ufffd", "n": 2},
        {"text": None, "n": 3},
    ]
    within = pa.ListArray.from_arrays([0, 1, 2, 3], raw.view(pa.string()))
    pq.write_table(pa.table({"texts": within}), tmp_path / "b.parquet")
    assert refused(tmp_path / "b.parquet").startswith(", after item 0: a value cannot be read ('utf-8' codec")


def test_dates_beyond_the_calendar_are_told(tmp_path: Path) -> None:
    for kind in (pa.timestamp("s"), pa.date32()):
        days = pa.array(
            [0, 10**8 if kind == pa.date32() else 10**13], pa.int32() if kind == pa.date32() else pa.int64()
        )
        pq.write_table(pa.table({"when": days.view(kind)}), tmp_path / "a.parquet")
        assert refused(tmp_path / "a.parquet").startswith(", after item 0: a value cannot be read (")


def test_strange_rows_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"a": "\xff\\ud800\\u0000"}\r\n\n{"a": 1e400, "b": NaN}')
    assert [len(row) for row in fields(tmp_path / "a.jsonl")] == [1, 2]
    assert fields(tmp_path / "a.jsonl")[0]["a"] == "\ufffd\ufffd\0"
    (tmp_path / "a.jsonl").write_text('{"\\uDfff": ["\\ud83d\\ude00", {"b": "x\\ud800"}]}')
    assert fields(tmp_path / "a.jsonl") == [{"\ufffd": ["\U0001f600", {"b": "x\ufffd"}]}]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        (tmp_path / "a.json").write_bytes('[{"a": "é"}]'.encode(encoding))
        assert fields(tmp_path / "a.json") == [{"a": "é"}]
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert fields(tmp_path / "a.jsonl") == []


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "none.jsonl", "a/b/c"])
def test_a_source_that_there_is_not(name: str) -> None:
    with pytest.raises(StylerepError, match="there is no such file, folder or Hub data set"):
        check_sources([name])
