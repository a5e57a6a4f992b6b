import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.problems import Problem, load_problems, prompt, read_gpqa
from synth.problems.gpqa import gpqa
from synth.problems.problem import ANSWER_TYPES


def row(number: int = 0, **other: object) -> dict[str, object]:
    wrong = {f"Incorrect Answer {i}": f"{i} m" for i in (1, 2, 3)}
    question = {
        "Record ID": f"rec{number}",
        "Question": f"How far\ndoes stone {number} roll? ",
        "Correct Answer": "9 m\n",
        **wrong,
    }
    return {**question, "Subdomain": "Mechanics", "High-level domain": "Physics", **other}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(tmp_path: Path, *rows: object) -> list[Problem]:
    return read_gpqa("diamond", write(tmp_path / "gpqa_diamond.jsonl", *rows))


def test_a_row_becomes_a_question_with_its_options(tmp_path: Path) -> None:
    (one,) = read(tmp_path, row())
    assert (one.id, one.source, one.answer_type, one.steps) == ("gpqa-diamond-rec0", "gpqa", "option", ())
    options = one.meta["options"]
    assert sorted(options) == ["1 m", "2 m", "3 m", "9 m"]
    assert one.question == "How far\ndoes stone 0 roll?\n\n" + "\n".join(
        f"{letter}) {option}" for letter, option in zip("ABCD", options, strict=True)
    )
    assert options["ABCD".index(one.answer)] == "9 m"
    assert sorted((one.answer, *one.wrong_answers)) == list("ABCD")
    assert (one.meta["subject"], one.meta["subdomain"]) == ("Physics", "Mechanics")
    assert one.answer_type in ANSWER_TYPES
    assert prompt(one.question, one.answer_type).endswith("The answer is <letter>.")


def test_the_order_of_the_options_is_fixed_and_favours_no_letter(tmp_path: Path) -> None:
    problems = read(tmp_path, *map(row, range(400)))
    assert "".join(one.answer for one in problems[:12]) == "BBCADBDBDABB"
    assert all(70 <= n <= 130 for n in Counter(one.answer for one in problems).values())
    turned = {"Incorrect Answer 1": "3 m", "Incorrect Answer 3": "1 m"}
    assert [one.question for one in read(tmp_path, *(row(i, **turned) for i in range(400)))] == [
        one.question for one in problems
    ]


def test_a_csv_file_is_read_alike(tmp_path: Path) -> None:
    expected = read(tmp_path, row(1), row(2))
    with (tmp_path / "gpqa_diamond.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row()))
        writer.writeheader()
        writer.writerows([row(1), row(2)])
    assert read_gpqa("diamond", tmp_path / "gpqa_diamond.csv") == expected


def test_what_is_optional_may_be_missing(tmp_path: Path) -> None:
    left_out = {"Record ID", "Subdomain", "High-level domain"}
    (one,) = read(tmp_path, {key: value for key, value in row().items() if key not in left_out})
    assert (one.id, one.meta["subject"]) == ("gpqa-diamond-0", None)


@pytest.mark.parametrize("column", ["Question", "Correct Answer", "Incorrect Answer 3"])
def test_a_line_without_a_text_is_named(tmp_path: Path, column: str) -> None:
    with pytest.raises(StylerepError, match=f'line 2: expected a text "{column}"'):
        read(tmp_path, row(), row(1, **{column: " "}))


def test_it_is_told_that_the_set_is_gated(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(*_: object, **__: object) -> None:
        raise OSError("401")

    monkeypatch.setattr("synth.problems.local_files.benchmark_file", lambda names: None)
    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(
        StylerepError, match="it is gated: accept its terms on its page there and log in with a token"
    ):
        list(gpqa("diamond"))
    with pytest.raises(StylerepError, match="it has diamond"):
        load_problems("gpqa:test")
    hub = {("Idavidrein/gpqa", "train", "gpqa_diamond"): [row()]}
    monkeypatch.setattr(datasets, "load_dataset", lambda place, split, name: hub[place, split, name])
    assert [one.id for one in gpqa("diamond")] == ["gpqa-diamond-rec0"]
