import json
from pathlib import Path
from typing import Any

import pytest

from harness_ext.runs import scored_rows as module
from harness_ext.runs.asked_items import asked_of
from harness_ext.runs.sample_rows import metrics_of, sample_rows
from harness_ext.runs.scored_rows import scored_rows
from synth.errors import StylerepError

PLAIN = {
    "doc_id": 3,
    "doc": {"q": "2 + 2", "a": [4]},
    "target": " 4 ",
    "resps": [["\u221a4 = 2 [[{"]],
    "filter": "none",
    "arguments": {"gen": {}},
}
ROWS: list[dict[str, Any]] = [
    {"acc": 1.0, "trace_words": 7, "exact_match,none": 0, "validity": None},
    {"acc": 0, "trace_words": 0.5, "exact_match,none": 1.0, "validity": 0.25},
    {"acc": 0.5, "trace_words": 2},
    {"trace_words": 2, "exact_match,none": 1, "acc": 1},
    {"acc": True, "trace_words": 2, "exact_match,none": None, "validity": "no"},
    {"acc": 1, "trace_words": 9, "exact_match,none": 1, "validity": 1, "late": 3.5},
    {"acc": 1, "trace_words": 9, "exact_match,none": 1, "validity": 1, "late": [1]},
    {"acc": 1, "exact_match": 0.5, "exact_match,none": 1},
    {"acc": 1, "trace_words": 9, "filter": "strict", "exact_match,none": 1, "exact_match,strict": 0},
    {"acc": 1, "doc": {}, "target": None, "doc_id": True},
    {"acc": 1, "doc": {"surrogate": "\ud83d"}, "target": ["a", 1]},
    {"acc": 1, "doc": {"big": 10**400}, "target": 0},
    {"acc": 1, "doc": None, "resps": [["{" * 300]]},
    {"acc": 1, "doc": None, "responses_left_out": {"document": "0123456789abcdef", "target": None}},
    {"acc": 1, "doc": {"meta": "{}"}, "responses_left_out": {"document": "no digest", "target": "ab" * 8}},
    {"acc": 1, "doc": None, "responses_left_out": 1},
    {"acc": 1, "exact_match,none": -1e49, "trace_words": 10**30},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    texts = [
        json.dumps(
            PLAIN | {"doc_hash": f"h{number}"} | row, ensure_ascii="surrogate" in str(row) or number % 2 == 0
        )
        for number, row in enumerate(rows)
    ]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8", errors="surrogatepass")
    return path


@pytest.mark.parametrize("first", range(len(ROWS)))
def test_rows_are_what_they_are_when_read_whole_whichever_stands_first(tmp_path: Path, first: int) -> None:
    path = write(tmp_path / "samples.jsonl", [ROWS[first], *ROWS, *ROWS])
    whole = list(sample_rows(path))
    lines = path.read_bytes().splitlines(keepends=True)
    found = list(scored_rows(path))
    assert [(row.number, row.line, row.doc_hash, row.filter) for row in found] == [
        (number, line, row["doc_hash"], row["filter"])
        for number, (line, (_, row)) in enumerate(zip(lines, whole, strict=True), 1)
    ]
    assert [row.begin for row in found] == [sum(map(len, lines[:number])) for number in range(len(lines))]
    assert [row.asked for row in found] == [asked_of(row) for _, row in whole]
    for one, (where, row) in zip(found, whole, strict=True):
        assert dict(zip(one.names, one.values, strict=True)) == metrics_of(row, where)
        assert all(type(value) is float for value in one.values)


def test_rows_like_the_first_are_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = write(tmp_path / "samples.jsonl", [ROWS[1]] * 50), []
    monkeypatch.setattr(module, "checked_row", lambda line, where: whole.append(where) or json.loads(line))
    assert len(list(scored_rows(path))) == 50
    assert whole == [f"{path}, line 1"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"doc_hash": "h", "acc": NaN}', "the metric acc must be a finite number, found nan"),
        ('{"doc_hash": "h", "acc": 1e51}', "the metric acc must be a finite number, found 1e"),
        (
            '{"doc_hash": "h", "acc": 1, "trace_words": -1}',
            "the metric trace_words must be 0 or more, found -1",
        ),
        ('{"doc_hash": 3, "acc": 1}', "expected a sample with a doc_hash"),
        ('{"acc": 1}', "expected a sample with a doc_hash"),
        ('{"doc_hash": "h", "filter": null}', "filter: expected a text, found None"),
        ('{"doc_hash": "h", "resps": "\\q"}', "this is not valid JSON"),
        ('{"doc_hash": "h", "resps": 01}', "this is not valid JSON"),
        ('{"doc_hash": "h"} {}', "this is not valid JSON"),
        ("", "this is not valid JSON"),
        ('{"doc_hash": "h", "resps": ' + "[" * 201 + "]" * 201 + "}", "more than 200 levels deep"),
        (b'{"doc_hash": "h", "resps": "\xff"}', "this is not UTF-8"),
        (b'{"doc_hash": "h", "resps": "\xed\xa0\xbd"}', "this is not UTF-8"),
    ],
)
def test_what_is_no_sample_is_refused_in_any_line(tmp_path: Path, line: str | bytes, says: str) -> None:
    fields = {"acc": 1.0, "trace_words": 3, "resps": []}
    before = "".join(json.dumps({"doc_hash": f"h{number}", **fields}) + "\n" for number in range(3)).encode()
    path = tmp_path / "samples.jsonl"
    path.write_bytes(before + (line if isinstance(line, bytes) else line.encode()) + b"\n")
    with pytest.raises(StylerepError, match="line 4") as error:
        list(scored_rows(path))
    assert says in str(error.value)
