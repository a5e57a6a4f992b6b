from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness_ext.answers import final_number, is_right, number_value
from harness_ext.metrics import METRICS, score
from synth.problems import read_gsm8k


@pytest.mark.parametrize(
    ("response", "gold"),
    [
        ("The answer is 1,234.", "1234"),
        ("<think>5</think>The answer is $3.50", "3.5"),
        (r"so \boxed{-3}", "-3"),
        ("The answer is **72**", "72"),
        ("The answer is: 72 apples.", "72"),
        ("We get 007 apples.", "7"),
        ("the answer is 1/2", "0.5"),
        ("Answer: 42 dollars", "42"),
        ("The answer is 5. No, the answer is 6.", "6"),
        ("It is 5-3", "3"),
        ("The answer is \u22123.", "-3"),
        ("The answer is 0.", "0"),
        ("3 + 4 = 7, so 7", "7"),
    ],
)
def test_finds_the_answer(response: str, gold: str) -> None:
    assert is_right(final_number(response), gold)


@pytest.mark.parametrize("response", ["", "no idea", "<think> 72", "<think>The answer is 72.", "The answer is twelve."])
def test_no_number_is_no_answer(response: str) -> None:
    assert final_number(response) is None
    assert score(response, "72")["answered"] == 0


@pytest.mark.parametrize(("response", "gold"), [("The answer is 73.", "72"), ("1/0", "1"), ("72 or 73", "72"), ("<think>72</think>", "72")])
def test_a_wrong_answer_is_wrong(response: str, gold: str) -> None:
    assert not is_right(final_number(response), gold)


@given(st.text(max_size=2000))
def test_every_metric_of_any_text_is_a_plain_float(text: str) -> None:
    scores = score(text, "5")
    assert tuple(scores) == METRICS
    assert all(isinstance(value, float) and 0 <= value < float("inf") for value in scores.values())


@given(st.integers(-(10**9), 10**9))
def test_reads_back_any_integer(value: int) -> None:
    assert number_value(f"{value:,}") == value == number_value(str(value))


def test_a_looping_megabyte_is_scored_in_time() -> None:
    for unit in ("1,", "\\boxed{", "answer is ", "9", "<think>1</think>", "-"):
        score(unit * (1_000_000 // len(unit)), "5")


def test_gold_solutions_of_gsm8k_are_right(real_data: Path) -> None:
    for item in read_gsm8k("test", real_data / "benchmarks/gsm8k_test.jsonl"):
        assert is_right(final_number(f"<think>\n{item.steps[0].text}\n</think>\n\nThe answer is {item.answer}."), item.answer)
