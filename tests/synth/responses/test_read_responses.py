import itertools
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synth.errors import StylerepError
from synth.responses import Fields, read_responses
from synth.rows import read_rows


def written(path: Path, *rows: dict[str, object]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"answer": "5"}, "5"),
        ({"gt": 5, "answer": None, "gold": 5.0}, "5"),
        ({"gold": 27.0}, "27"),
        ({"target": ["x"]}, "x"),
        ({"solution": r"So it is $\boxed{\frac{1}{2}}$."}, r"\frac{1}{2}"),
        ({"doc": {"question": "q", "answer": "2 + 3 = 5\n#### 5"}, "target": "#### 5"}, "5"),
        ({}, None),
    ],
)
def test_the_right_answer_is_found_by_its_usual_names(
    tmp_path: Path, row: dict[str, object], answer: str | None
) -> None:
    (one,) = read_responses([written(tmp_path / "a.jsonl", {"response": "x", **row})])
    assert one.answer == answer
    assert one.where == f"{tmp_path / 'a.jsonl'}, line 1"


def test_scores_that_are_none_are_left_out_with_all_of_their_file_unless_they_were_named(
    tmp_path: Path,
) -> None:
    source, notes = (
        written(tmp_path / "a.jsonl", {"response": "x", "score": 1}, {"response": "y", "score": 55}),
        list[str](),
    )
    assert [one.is_correct for one in read_responses([source], notes=notes)] == [None, None]
    assert notes == [
        f"{source}, line 2: 'score' is '55', no score of 0 or 1, so its scores are left out"
        " (--correct-field)."
    ]
    with pytest.raises(StylerepError, match="line 2: a score must be 0, 1, true or false, found '55'"):
        list(read_responses([source], Fields(correct="score")))


def test_the_mean_of_several_draws_is_said_to_be_one(tmp_path: Path) -> None:
    row = {"resps": [["x", "y"]], "filter": "none", "doc": {}, "acc": 0.5, "draws": 2.0}
    notes = list[str]()
    source = written(tmp_path / "samples_t_2026-01-01T00-00-00.000000.jsonl", row)
    found = read_responses([source], notes=notes)
    assert [(one.text, one.is_correct) for one in found] == [("x", None), ("y", None)]
    assert notes == [
        f"{source}, line 1: 'acc' is the mean of 2 draws, and which of them are right isn't recorded, so"
        " right and wrong responses aren't told apart."
    ]


def test_the_field_of_the_right_answer_can_be_named(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", {"response": "x", "answer": "prose", "mine": "5"})
    assert [one.answer for one in read_responses([source], Fields(answer="mine"))] == ["5"]
    with pytest.raises(StylerepError, match="no field 'other'"):
        list(read_responses([source], Fields(answer="other")))


def test_a_csv_reads_alike_whatever_its_first_rows_hold(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'response,score,model\n12,1,7\n"two\nlines",0.0,m\n\xff,,\n')
    found = [(one.text, one.is_correct, one.model) for one in read_responses([str(tmp_path / "a.csv")])]
    assert found == [("12", True, "7"), ("two\nlines", False, "m"), ("\ufffd", None, tmp_path.name)]


def test_a_csv_row_of_the_wrong_width_and_an_empty_file_are_told(tmp_path: Path) -> None:
    for content, says in (("a,b\n1,2\n1,2,3\n", "Expected 2 columns, got 3"), ("", "Empty CSV")):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        with pytest.raises(StylerepError, match=f"a.csv: this cannot be read as csv .*{says}"):
            list(read_rows(tmp_path / "a.csv"))


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    good = [{"response": str(i)} for i in range(1000)]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in good) + "broken", encoding="utf-8"
    )
    pq.write_table(pa.Table.from_pylist(good), tmp_path / "b.parquet", row_group_size=100)
    for name in ("a.jsonl", "b.parquet"):
        assert [row.fields for row in itertools.islice(read_rows(tmp_path / name), 500)] == good[:500]
    with pytest.raises(StylerepError, match="line 1001: this is not valid JSON"):
        list(read_rows(tmp_path / "a.jsonl"))


def test_the_real_traces_say_their_right_answers(real_data: Path) -> None:
    files = sorted(map(str, (real_data / "traces").glob("*/aime24.jsonl")))
    assert all(one.answer is not None and one.is_correct is not None for one in read_responses(files))
