import json
import re
from pathlib import Path

import pytest

from synth.arithmetic import evaluate
from synth.errors import StylerepError
from synth.grading.answers import final_answer, is_right
from synth.problems import load_problems, read_math
from synth.problems.hendrycks_math import hendrycks_math

ROW = {
    "problem": "What is $2 + 8$?",
    "solution": "We have $2 + 8 = \\boxed{10}.$\n\n[asy]\ndraw(A. B);\n[/asy]\n\nDone.",
    "level": "Level 3",
    "type": "Algebra",
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_of_the_train_set_becomes_a_problem(tmp_path: Path) -> None:
    (one,) = hendrycks_math("train", 0, write(tmp_path / "a.jsonl", ROW))
    assert (one.id, one.source, one.question, one.answer, one.answer_type) == (
        "math-train-0",
        "math",
        "What is $2 + 8$?",
        "10",
        "latex",
    )
    assert [step.text for step in one.steps] == ["We have $2 + 8 = 10.$", "Done."]
    assert [(claim.expression, claim.result) for claim in one.steps[0].claims] == [("2 + 8", "10")]
    assert one.meta == {"subject": "Algebra", "level": 3}
    assert len(one.wrong_answers) == 3


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"problem": "q"}, 'expected a text "solution"'),
        ({"solution": "s"}, 'expected a text "problem"'),
        ({"problem": "q", "solution": "no box"}, "states none in a box"),
        ([1], "expected an object"),
    ],
)
def test_a_corrupt_line_is_named(tmp_path: Path, row: object, says: str) -> None:
    with pytest.raises(StylerepError, match=f"a.jsonl, line 2: .*{says}"):
        read_math("train", write(tmp_path / "a.jsonl", ROW, row))


def test_an_unknown_split_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="it has train, test"):
        load_problems("math:validation")
    with pytest.raises(StylerepError, match="holds no problems"):
        read_math("train", write(tmp_path / "a.jsonl"))


def test_what_is_not_here_comes_from_the_hub_or_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr("synth.problems.local_files.benchmark_file", lambda names: None)
    monkeypatch.setattr(
        datasets,
        "load_dataset",
        lambda name, split: {("DigitalLearningGmbH/MATH-lighteval", "train"): [ROW]}[name, split],
    )
    assert [one.answer for one in read_math("train")] == ["10"]
    with pytest.raises(StylerepError, match=re.escape("there is no local math500.jsonl")):
        read_math("test")


def test_the_order_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *({**ROW, "problem": f"q{i}"} for i in range(20)))
    ids = [[one.id for one in hendrycks_math("train", seed, path)] for seed in (0, 0, 1)]
    assert ids[0] == ids[1] != ids[2]
    assert sorted(ids[0]) == sorted(ids[2])


def test_the_real_file(real_data: Path) -> None:
    problems = list(hendrycks_math("test", 0, real_data / "benchmarks/math500.jsonl"))
    assert len({one.id for one in problems}) == len(problems) == 500
    assert {one.meta["level"] for one in problems} == {1, 2, 3, 4, 5}
    assert len({one.meta["subject"] for one in problems}) == 7
    for one in problems:
        assert is_right(final_answer(f"The answer is {one.answer}.", "latex"), one.answer, "latex")
        assert len(one.wrong_answers) == 3
        assert not any(is_right(wrong, one.answer, "latex") for wrong in one.wrong_answers)
        assert one.steps
        assert not any(
            "\\boxed" in step.text or "[asy]" in step.text or "\n" in step.text for step in one.steps
        )
        assert all(
            evaluate(claim.expression) == evaluate(claim.result) is not None
            for step in one.steps
            for claim in step.claims
        )
    assert sum(len(step.claims) for one in problems for step in one.steps) > 80
