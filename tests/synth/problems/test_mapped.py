import gzip
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from synth.errors import StylerepError
from synth.grading.answers import is_right
from synth.problems import Problem, load_problems

ROWS = [
    {"question": "2 + 3 = ?", "answer": "5", "solution": "We add: $2 + 3 = 5.$ That is all."},
    {"question": "Who?", "answer": "Ann", "solution": "It is Ann."},
    {"question": "Half?", "answer": "\\frac{1}{2}", "solution": "Halve it."},
    {"question": "Who else?", "answer": "Ben", "solution": ""},
]


def jsonl(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_every_form_of_file_gives_the_same_problems_in_its_order(tmp_path: Path) -> None:
    source = jsonl(tmp_path / "mine.jsonl", *ROWS)
    (tmp_path / "zipped").mkdir()
    (tmp_path / "zipped" / "mine.jsonl.gz").write_bytes(gzip.compress(Path(source).read_bytes()))
    (tmp_path / "mine.json").write_text(json.dumps(ROWS), encoding="utf-8")
    pc.write_csv(pa.Table.from_pylist(ROWS), tmp_path / "mine.csv")
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "mine.parquet")
    expected = load_problems(source)
    assert [(one.id, one.source, one.question, one.answer, one.answer_type) for one in expected] == [
        ("mine-0", "mine", "2 + 3 = ?", "5", "number"),
        ("mine-1", "mine", "Who?", "Ann", "text"),
        ("mine-2", "mine", "Half?", "\\frac{1}{2}", "latex"),
        ("mine-3", "mine", "Who else?", "Ben", "text"),
    ]
    assert [step.text for step in expected[0].steps] == ["We add: $2 + 3 = 5.$", "That is all."]
    assert [(claim.expression, claim.result) for claim in expected[0].steps[0].claims] == [("2 + 3", "5")]
    assert expected[3].steps == ()
    for name in ("zipped/mine.jsonl.gz", "mine.json", "mine.csv", "mine.parquet"):
        assert load_problems(str(tmp_path / name), seed=3) == expected, name


def test_columns_can_be_named(tmp_path: Path) -> None:
    source = jsonl(
        tmp_path / "a.jsonl",
        {
            "question": "no",
            "task": "2 + 3 = ?",
            "result": 5.0,
            "answer": "no",
            "how": ["Add.", " ", "2 + 3 = 5"],
            "key": "k7",
        },
    )
    (one,) = load_problems(f"{source}:question=task:answer=result:steps=how:id=key:type=latex")
    assert (one.id, one.question, one.answer, one.answer_type) == ("k7", "2 + 3 = ?", "5", "latex")
    assert [(step.text, len(step.claims)) for step in one.steps] == [("Add.", 0), ("2 + 3 = 5", 1)]


def test_gsm8ks_form_is_known(tmp_path: Path) -> None:
    (one,) = load_problems(
        jsonl(
            tmp_path / "a.jsonl",
            {"question": "q", "answer": "Packs: 3*5=<<3*5=15>>15 pens.\nAll: 4 + 15 = 19.\n#### 1,019"},
        )
    )
    assert (one.answer, one.answer_type) == ("1019", "number")
    assert [(step.text, [claim.expression for claim in step.claims]) for step in one.steps] == [
        ("Packs: 3*5=15 pens.", ["3*5"]),
        ("All: 4 + 15 = 19.", ["4 + 15"]),
    ]


def test_an_answer_may_stand_in_the_box_of_the_solution(tmp_path: Path) -> None:
    (one,) = load_problems(
        jsonl(tmp_path / "a.jsonl", {"problem": "q", "solution": "It is $\\boxed{\\sqrt{2}}$."})
    )
    assert (one.answer, one.answer_type, one.steps[0].text) == ("\\sqrt{2}", "latex", "It is $\\sqrt{2}$.")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("-3", "number"),
        ("$1,234.50", "number"),
        ("1/2", "number"),
        ("x^2", "latex"),
        ("(6,31,-1)", "latex"),
        ("p - q", "latex"),
        ("A", "text"),
        ("5 cats", "text"),
    ],
)
def test_the_type_of_an_answer_is_told_from_it(tmp_path: Path, answer: str, kind: str) -> None:
    assert (
        load_problems(jsonl(tmp_path / "a.jsonl", {"question": "q", "answer": answer}))[0].answer_type == kind
    )


def test_wrong_answers_in_words_are_other_rows_answers(tmp_path: Path) -> None:
    names = ["Ann", "Ben", "ann", "Cleo", "Dan", "Eve"]
    found = load_problems(
        jsonl(tmp_path / "a.jsonl", *({"question": f"q{i}", "answer": names[i % 6]} for i in range(600)))
    )
    assert all(1 <= len(one.wrong_answers) <= 3 and set(one.wrong_answers) <= set(names) for one in found)
    assert not any(is_right(wrong, one.answer, "text") for one in found for wrong in one.wrong_answers)
    assert len({one.wrong_answers for one in found}) > 20
    (alone,) = load_problems(jsonl(tmp_path / "b.jsonl", {"question": "q", "answer": "Ann"}))
    assert alone.wrong_answers == ()


def test_a_hub_data_set_reads_like_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    loaded = datasets.Dataset.from_list(ROWS)
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name, split: {("org/sums", "test"): loaded}[name, split]
    )
    found: list[Problem] = load_problems("org/sums:test:type=text")
    assert [one.answer for one in found] == ["5", "Ann", "\\frac{1}{2}", "Ben"]
    assert {one.source for one in found} == {"org/sums"}


@pytest.mark.parametrize(
    ("row", "options", "says"),
    [
        (
            {"answer": "5"},
            "",
            "no column is known to hold the question; name it with :question=COLUMN. There are answer.",
        ),
        ({"question": "q"}, "", "no column is known to hold the answer"),
        ({"question": "q", "answer": " "}, "", "the answer is empty"),
        ({"question": "q", "answer": "#### "}, "", "the answer is empty"),
        ({"question": "q", "answer": None}, "", "the answer must be a text or a number, found None"),
        ({"question": "q", "answer": {"a": 1}}, "", "the answer must be a text or a number"),
        ({"question": 5, "answer": "5"}, "", "the question must be a text, found 5"),
        ({"question": "q", "answer": "5", "steps": [1]}, "", "the steps must be a text or a list of texts"),
        ({"question": "q", "answer": "x"}, ":type=number", "the answer 'x' is no number"),
        (
            {"question": "q", "answer": "x"},
            ":steps=how",
            "there is no column 'how'; there are question, answer",
        ),
        ({"question": "first", "answer": "5", "id": 1}, "", "the id '1' occurs a second time"),
        ([1], "", "expected an object"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: object, options: str, says: str) -> None:
    good = {"question": "first", "answer": "5", "id": 1, "how": "so"}
    with pytest.raises(StylerepError, match=re.escape("a.jsonl, line 2: ") + ".*" + re.escape(says)):
        load_problems(jsonl(tmp_path / "a.jsonl", good, row) + options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (":test", "a file has no split 'test'"),
        (":size=3", "there is no option 'size'"),
        (":type=code", "no answer type 'code'"),
        (":a=1:b", "'b' is no OPTION=VALUE"),
    ],
)
def test_a_mistaken_option_is_told(tmp_path: Path, options: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_problems(jsonl(tmp_path / "a.jsonl", *ROWS) + options)
    with pytest.raises(StylerepError, match="holds no problems"):
        load_problems(jsonl(tmp_path / "b.jsonl"))


def test_real_files_read_as_they_are(real_data: Path) -> None:
    aime = load_problems(str(real_data / "benchmarks/aime24.jsonl"))
    assert {one.answer_type for one in aime} == {"number"}
    assert all(one.steps for one in aime)
    amc = load_problems(str(real_data / "benchmarks/amc23.jsonl"))
    assert (len(amc), amc[0].answer, amc[0].answer_type) == (40, "27", "number")
    gsm8k = load_problems(str(real_data / "benchmarks/gsm8k_test.jsonl"))
    assert len(gsm8k) == 1319
    assert sum(any(step.claims for step in one.steps) for one in gsm8k) / 1319 > 0.95
