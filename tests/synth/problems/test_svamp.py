import json
from pathlib import Path

import pytest

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.problems import load_problems, read_svamp
from synth.problems.svamp import svamp

ROW = {
    "ID": "chal-10",
    "Body": "Ann has 8 pens",
    "Question": "How many are left?",
    "Equation": "( 8.0 - 3.0 )",
    "Answer": 5.0,
    "Type": "Subtraction",
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_body_and_question_are_joined_and_the_equation_is_the_step(tmp_path: Path) -> None:
    (one,) = read_svamp("test", write(tmp_path / "a.jsonl", ROW))
    assert (one.id, one.question, one.answer, one.answer_type) == (
        "svamp-chal-10",
        "Ann has 8 pens. How many are left?",
        "5",
        "number",
    )
    assert [(step.text, step.claims[0].expression, step.claims[0].result) for step in one.steps] == [
        ("8 - 3 = 5.", "8 - 3", "5")
    ]
    assert one.meta == {"type": "Subtraction"}


@pytest.mark.parametrize("body", ["Ann has 8 pens.", "Ann has 8 pens!", "Ann has 8 pens,"])
def test_no_second_full_stop_is_put_in_between(tmp_path: Path, body: str) -> None:
    (one,) = read_svamp("test", write(tmp_path / "a.jsonl", {**ROW, "Body": body}))
    assert one.question == f"{body} How many are left?"


@pytest.mark.parametrize(
    ("equation", "steps"),
    [
        ("( ( 8.0 - 2.0 ) - 1.0 )", ["( ( 8 - 2 ) - 1 ) = 5."]),
        ("( 8.0 - 2.0 )", []),
        (None, []),
        ("( 10.05 - 5.05 )", ["10.05 - 5.05 = 5."]),
    ],
)
def test_an_equation_counts_only_if_it_gives_the_answer(
    tmp_path: Path, equation: object, steps: list[str]
) -> None:
    (one,) = read_svamp("test", write(tmp_path / "a.jsonl", {**ROW, "Equation": equation}))
    assert [step.text for step in one.steps] == steps


def test_the_order_is_that_of_the_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({**ROW, "ID": f"chal-{number}"} for number in (10, 9, 100, 1)))
    assert [one.id for one in read_svamp("test", path)] == [
        f"svamp-chal-{number}" for number in (1, 9, 10, 100)
    ]
    assert [one.id for one in svamp("test", 0, path)] == [one.id for one in svamp("test", 0, path)]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"ID": "x", "Body": "b"}, 'expected a text "Question"'),
        ({**ROW, "Answer": "many"}, "expected a number"),
        ({**ROW, "ID": None}, 'expected a text "ID"'),
        (3, "an object"),
    ],
)
def test_a_corrupt_line_is_named(tmp_path: Path, bad: object, says: str) -> None:
    with pytest.raises(StylerepError, match=f"a.jsonl, line 2: .*{says}"):
        read_svamp("test", write(tmp_path / "a.jsonl", ROW, bad))


def test_there_is_one_split() -> None:
    with pytest.raises(StylerepError, match="it has test"):
        load_problems("svamp")


def test_both_splits_of_the_hub_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    hub = {("ChilleD/SVAMP", "train"): [ROW], ("ChilleD/SVAMP", "test"): [{**ROW, "ID": "chal-2"}]}
    monkeypatch.setattr("synth.problems.local_files.benchmark_file", lambda names: None)
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split: hub[name, split])
    assert [one.id for one in read_svamp("test")] == ["svamp-chal-2", "svamp-chal-10"]


def test_the_real_file(real_data: Path) -> None:
    problems = read_svamp("test", real_data / "benchmarks/svamp.jsonl")
    assert [one.id for one in problems] == [f"svamp-chal-{number}" for number in range(1, 1001)]
    assert len({one.question for one in problems}) == 1000
    assert {one.meta["type"] for one in problems} == {
        "Subtraction",
        "Addition",
        "Common-Division",
        "Multiplication",
    }
    assert sum(bool(one.steps) for one in problems) > 990
    assert all(
        evaluate(claim.expression) == evaluate(one.answer)
        for one in problems
        for step in one.steps
        for claim in step.claims
    )
