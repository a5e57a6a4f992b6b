"""What an import says of responses that may have been read wrongly,
and what it writes of those without an answer.
"""

import json
from pathlib import Path
from typing import Any

from harness_ext.importing import import_runs
from harness_ext.runs.run_folder import sample_files, sample_rows

TRACE, ANSWER = "Nine and five. Hmm, that makes fourteen.", "The answer is 14."


def imported(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "t.jsonl"
    path.write_text(
        "".join(
            json.dumps({"question": f"9 + 5, {number}?", "answer": "14", **row}) + "\n"
            for number, row in enumerate(rows)
        ),
        encoding="utf-8",
    )
    result = import_runs([path], tmp_path / "run", model="m")
    return [row for _, row in sample_rows(next(iter(sample_files(tmp_path / "run").values())))], list(
        result.notes
    )


def test_why_a_response_has_no_answer_stands_in_its_sample(tmp_path: Path) -> None:
    texts = [f"<think>{TRACE}", f"<think>{TRACE}</think>", "", "No idea.", f"<think>{TRACE}</think>{ANSWER}"]
    samples, _ = imported(tmp_path, [{"response": text} for text in texts])
    assert [one.get("unanswered") for one in samples] == [
        "cut off within its trace",
        "nothing follows the trace",
        "empty",
        "states no answer",
        None,
    ]
    assert [one["acc"] for one in samples] == [0, 0, 0, 0, 1]


def test_an_import_says_what_of_many_responses_may_be_read_wrongly(tmp_path: Path) -> None:
    good = {"response": f"<think>{TRACE}</think>{ANSWER}"}
    _, notes = imported(
        tmp_path,
        [good] * 9
        + [{"response": f"<think>{TRACE}</think>{ANSWER}<|im_end|>"}] * 3
        + [{"response": f"<think>{TRACE}"}] * 3,
    )
    assert any(
        note.startswith("t: 3 of 15 responses end in a control token (the first: ") and "line 10" in note
        for note in notes
    )
    assert any(
        note.startswith("t: 3 of 15 responses were cut off within their trace and count as unanswered")
        for note in notes
    )
    assert not [note for note in imported(tmp_path / "good", [good] * 9)[1] if "responses" in note]


def test_letters_and_odd_scores_are_left_out_and_said(tmp_path: Path) -> None:
    samples, notes = imported(tmp_path, [{"response": ANSWER, "score": score} for score in (1, 100)])
    assert [(one["acc"], "recorded" in one) for one in samples] == [(1, False)] * 2
    assert any(
        "line 2: 'score' is '100', no score of 0 to 1, so its scores are left out (--score-field)." in note
        for note in notes
    )


def test_another_score_that_differs_is_said(tmp_path: Path) -> None:
    _, notes = imported(
        tmp_path, [{"response": ANSWER, "is_correct": True, "score": i % 2, "acc": 1} for i in range(4)]
    )
    assert any(
        "t.jsonl: the recorded score is is_correct; score is another one in 2 of 4 rows (--metric)." in note
        for note in notes
    )
    assert not any("acc is another" in note for note in notes)


def test_the_text_of_an_option_is_read_as_an_option(tmp_path: Path) -> None:
    rows = [
        {"response": "The answer is B.", "options": ["12", "14"], "answer": "14"},
        {"response": "It is 12.", "options": ["12", "14"], "answer": "14"},
    ]
    assert [one["acc"] for one in imported(tmp_path, rows)[0]] == [1, 0]
    rows = [{"response": "B", "choices": ["12", "14"], "answer": None, "correct": "b"}] * 2
    assert [one["acc"] for one in imported(tmp_path / "lower", rows)[0]] == [1, 1]


def test_encrypted_reasoning_is_said(tmp_path: Path) -> None:
    blob = "Zm9v" * 80
    samples, notes = imported(
        tmp_path,
        [{"response": ANSWER, "reasoning_content": blob}, {"response": ANSWER, "reasoning_content": TRACE}],
    )
    assert [one["trace_present"] for one in samples] == [0, 1]
    assert (
        "The reasoning of 1 of 2 responses is encrypted; their trace is its summary, or there is none."
        in notes
    )


def test_the_right_answer_of_all_rows_in_their_response_is_said(tmp_path: Path) -> None:
    _, notes = imported(tmp_path, [{"response": "14"}] * 5)
    assert any("every response is its right answer to the letter" in note for note in notes)
