import json
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.problems import load_problems, prompt, read_aime
from synth.problems.aime import aime

URL = "https://example.org/wiki/2024_AIME_{}_Problems/Problem_{}"


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(exam: str, number: int, answer: object = "025") -> dict[str, object]:
    return {"id": 60, "problem": f"Find {exam} {number}.", "answer": answer, "url": URL.format(exam, number)}


def test_rows_that_say_which_problem_they_are_come_in_the_order_of_the_examinations(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row("II", 2), row("I", 10), row("I", 2))
    problems = read_aime("2024", path)
    assert [one.id for one in problems] == ["aime-2024-I-2", "aime-2024-I-10", "aime-2024-II-2"]
    assert (problems[0].answer, problems[0].answer_type, problems[0].question) == (
        "25",
        "number",
        "Find I 2.",
    )
    assert problems[0].meta == {"exam": "I", "number": 2}
    assert prompt(problems[0].question, problems[0].answer_type).endswith("The answer is <number>.")


@pytest.mark.parametrize(
    ("fields", "identifier", "answer"),
    [
        ({"ID": "2025-II-4", "Problem": "q", "Answer": 33, "Solution": "s"}, "aime-2025-II-4", "33"),
        ({"id": "0", "problem": "q", "answer": "070"}, "aime-2025-0", "70"),
        ({"question": "q", "answer": 7.0}, "aime-2025-0", "7"),
        ({"question": "q", "answer": "0"}, "aime-2025-0", "0"),
    ],
)
def test_copies_with_other_columns_are_read(
    tmp_path: Path, fields: dict[str, object], identifier: str, answer: str
) -> None:
    (one,) = read_aime("2025", write(tmp_path / "a.jsonl", fields))
    assert (one.id, one.question, one.answer) == (identifier, "q", answer)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"answer": "1"}, 'expected a text "problem"'),
        ({"problem": "q"}, "whole number from 0 to 999"),
        ({"problem": "q", "answer": "1000"}, "whole number from 0 to 999"),
        ({"problem": "q", "answer": True}, "whole number from 0 to 999"),
        ({"problem": "q", "answer": "1/2"}, "whole number from 0 to 999"),
        ({"problem": "q", "answer": "1", "ID": "2023-I-4"}, "a problem of 2023, not of 2024"),
    ],
)
def test_a_corrupt_line_is_named(tmp_path: Path, bad: object, says: str) -> None:
    with pytest.raises(StylerepError, match=f"a.jsonl, line 2: .*{says}"):
        read_aime("2024", write(tmp_path / "a.jsonl", row("I", 1), bad))


def test_the_same_problem_twice_and_an_unknown_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="the same problem"):
        read_aime("2024", write(tmp_path / "a.jsonl", row("I", 1), row("I", 1)))
    with pytest.raises(StylerepError, match="it has 2024, 2025"):
        load_problems("aime:test")


def test_the_real_file(real_data: Path) -> None:
    problems = read_aime("2024", real_data / "benchmarks/aime24.jsonl")
    assert [one.id for one in problems] == [
        f"aime-2024-{exam}-{number}" for exam in ("I", "II") for number in range(1, 16)
    ]
    assert problems[1].answer == "25"
    assert sorted(one.id for one in aime("2024", 1, real_data / "benchmarks/aime24.jsonl")) == sorted(
        one.id for one in problems
    )
