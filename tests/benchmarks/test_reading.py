"""The suite of small inputs, where it lies beside the checkout, is read rightly;
and the benchmark itself can fail.
"""

import json
from pathlib import Path

import pytest

from benchmarks.reading import ENOUGH, file_cases, response_cases


@pytest.mark.slow
def test_the_suite_is_read_rightly(real_data: Path) -> None:
    cases = [
        *response_cases(real_data / "reading" / "responses.jsonl"),
        *file_cases(real_data / "reading" / "files"),
    ]
    wrong = [case for case in cases if case.wrong]
    assert len(wrong) <= (1 - ENOUGH) * len(cases), wrong


def test_what_does_not_come_out_is_told(tmp_path: Path) -> None:
    rows = [
        {
            "id": "a",
            "kind": "k",
            "question": "1 + 1?",
            "response": "<think>1, 2.</think>It is 2.",
            "gold": "2",
            "answer_type": "number",
        },
        {
            "id": "b",
            "kind": "k",
            "question": "1 + 2?",
            "response": "It is 4.",
            "gold": "3",
            "answer_type": "number",
        },
    ]
    expects = [
        {"acc": 1, "trace_present": 1, "trace_words": [2, 2], "trace_excludes": "It is"},
        {"acc": 1, "trace_present": 1, "trace_contains": "four"},
    ]
    path = tmp_path / "responses.jsonl"
    path.write_text(
        "".join(
            json.dumps({**row, "expect": expect}) + "\n" for row, expect in zip(rows, expects, strict=True)
        ),
        encoding="utf-8",
    )
    right, wrong = response_cases(path)
    assert right.wrong == ()
    assert wrong.wrong == (
        "acc is 0, not 1",
        "trace_present is 0, not 1",
        "trace_contains 'four' does not hold",
    )
