"""A file that is none of outcomes is refused in a sentence, whatever is wrong with it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness_ext.runs.outcomes import OutcomesFile
from harness_ext.runs.outcomes.from_table import runs_of
from synth.errors import StylerepError
from tests.harness_ext.runs.outcomes.files import label, outcomes_file

Change = Callable[[dict[str, list[Any]]], None]


def changed(path: Path, change: Change) -> Path:
    """Write a file anew with other columns."""
    columns = pq.read_table(path).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), path)
    return path


def put(name: str, place: int, value: Any) -> Change:
    def change(columns: dict[str, list[Any]]) -> None:
        columns[name][place] = value

    return change


def everywhere(name: str, value: Any) -> Change:
    def change(columns: dict[str, list[Any]]) -> None:
        columns[name] = [value] * len(columns["key"])

    return change


def twice(columns: dict[str, list[Any]]) -> None:
    for values in columns.values():
        values.append(values[1])


def told(name: str, change: Callable[[dict[str, Any]], None]) -> Change:
    def change_text(columns: dict[str, list[Any]]) -> None:
        content = json.loads(columns[name][0])
        change(content)
        columns[name][0] = json.dumps(content)

    return change_text


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    runs = runs_of(outcomes_file(tmp_path))
    assert [run.label for run in runs.values()] == [label(), label(key="k1", seed=1, run="m/hc-1")]
    assert runs["k0"].rows.equals(runs["k1"].rows)
    assert runs["k0"].manifest == {"base_model": "org/m", "arm": "hc", "seed": 0}


def test_rows_of_a_run_need_not_stand_together_and_columns_may_be_of_other_widths(tmp_path: Path) -> None:
    path = outcomes_file(tmp_path)
    before = runs_of(path)
    table = pq.read_table(path)
    n = table.num_rows // 2
    mixed = table.take([place for pair in zip(range(n), range(n, 2 * n), strict=True) for place in pair])
    mixed = mixed.set_column(mixed.column_names.index("acc"), "acc", mixed["acc"].cast(pa.float32()))
    mixed = mixed.set_column(mixed.column_names.index("doc_id"), "doc_id", mixed["doc_id"].cast(pa.int8()))
    mixed = mixed.set_column(
        mixed.column_names.index("arm"), "arm", mixed["arm"].cast(pa.large_string()).dictionary_encode()
    )
    pq.write_table(mixed, path, store_schema=False)
    after = runs_of(path)
    assert {key: run.label for key, run in after.items()} == {key: run.label for key, run in before.items()}
    assert all(after[key].rows.equals(before[key].rows) for key in before)


WRONG: dict[str, tuple[Change, str]] = {
    "no key": (lambda columns: columns.pop("key"), "has no column key"),
    "no doc_hash and task": (
        lambda columns: (columns.pop("task"), columns.pop("doc_hash")),
        "has no column task, doc_hash",
    ),
    "texts for numbers": (everywhere("acc", "right"), "acc: expected numbers, found string"),
    "numbers for texts": (everywhere("task", 1.0), "task: expected texts, found double"),
    "halves of seeds": (everywhere("seed", 0.5), "seed: expected whole numbers, found double"),
    "NaN": (put("trace_words", 7, math.nan), "row 8: trace_words: expected a number of 0 to 1e"),
    "infinite": (put("exact_match", 0, math.inf), r"row 1: exact_match: expected a number of -1e\+50"),
    "accuracy beyond 1": (put("acc", 6, 1.5), "row 7: acc: expected a number of 0 to 1"),
    "a length below 0": (put("trace_words", 6, -1.0), "row 7: trace_words"),
    "an entropy below 0": (put("graph_search_entropy", 2, -1.0), "row 3: graph_search_entropy"),
    "no hash": (put("doc_hash", 4, None), "row 5: doc_hash: nothing stands there"),
    "a row twice": (twice, "occurs 2 times in the run of key k0"),
    "two models of a run": (put("model", 3, "n"), "row 1: model: the rows of a run differ in it"),
    "no manifest": (put("manifest", 0, None), "manifest: expected one text among the rows of a run, found 0"),
    "two manifests": (
        put("manifest", 1, "{}"),
        "manifest: expected one text among the rows of a run, found 2",
    ),
    "no JSON": (put("results", 0, "{"), "row 1, results"),
    "a list": (put("results", 0, "[]"), "row 1, results: expected a JSON object"),
    "a manifest of another kind": (
        told("manifest", lambda content: content.update(arm=7)),
        "row 1, manifest: arm: expected a text",
    ),
    "a date of another kind": (
        told("samples", lambda content: content.update(date="../../x")),
        "row 1, samples: date: expected a time",
    ),
    "another task": (
        told("samples", lambda content: content["tasks"].pop("sums")),
        "row 1, samples: its tasks are others",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_run_can_have_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    change, says = WRONG[case]
    path = changed(outcomes_file(tmp_path), change)
    before = path.read_bytes()
    with pytest.raises(StylerepError, match=says) as told_of:
        OutcomesFile(path).runs()
    assert str(told_of.value).startswith(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("length", [0, 3, 100, -1, -200])
def test_a_file_that_was_cut_off_is_told(tmp_path: Path, length: int) -> None:
    path = outcomes_file(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(StylerepError, match="no Parquet, or was cut off"):
        runs_of(path)


def test_damage_within_is_told_or_read_as_a_run(tmp_path: Path) -> None:
    path = outcomes_file(tmp_path)
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        try:
            runs_of(path)
        except StylerepError:
            refused += 1
    assert refused > 5


def test_a_file_of_another_format_is_told(tmp_path: Path) -> None:
    path = outcomes_file(tmp_path)
    table = pq.read_table(path).replace_schema_metadata({"stylerep_outcomes": "2"})
    pq.write_table(table, path)
    with pytest.raises(StylerepError, match="another version of stylerep, which writes it as format 2"):
        runs_of(path)
