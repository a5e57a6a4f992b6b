import json
import random
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness_ext.metrics import METRICS, score
from synth.answers import final_answer, is_right, plain_number
from synth.final_answer import number_value
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
    assert is_right(final_answer(response), gold)


@pytest.mark.parametrize("response", ["", "no idea", "<think> 72", "<think>The answer is 72.", "The answer is twelve."])
def test_no_number_is_no_answer(response: str) -> None:
    assert final_answer(response) is None
    assert score(response, "72")["answered"] == 0


@pytest.mark.parametrize(("response", "gold"), [("The answer is 73.", "72"), ("1/0", "1"), ("72 or 73", "72"), ("<think>72</think>", "72")])
def test_a_wrong_answer_is_wrong(response: str, gold: str) -> None:
    assert not is_right(final_answer(response), gold)


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
        assert is_right(final_answer(f"<think>\n{item.steps[0].text}\n</think>\n\nThe answer is {item.answer}."), item.answer)


@pytest.mark.parametrize(
    ("response", "answer_type", "stated"),
    [
        (r"so \boxed{\frac{1}{2}}. Done 7", "latex", r"\frac{1}{2}"),
        ("<think>The answer is 3.</think>The answer is $x^2.$ Good.", "latex", "x^2"),
        ("**Answer:** \\(\\pi\\)", "latex", r"\pi"),
        ("The answer is\n\\[\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}.\\]\nIt is a vector.", "latex", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
        ("The answer is $\\$32,\\!348$.", "latex", r"\$32,\!348"),
        ("The answer is **Dr. Smith**. He is at home.", "text", "Dr. Smith"),
        ("Answer: 'a knight'\nYes.", "text", "a knight"),
        ("The answer is (3 + 4) * 5.5.", "expression", "(3 + 4) * 5.5"),
        ("<think>x</think><answer>88.0 - 56.0i</answer>", "gym", "88.0 - 56.0i"),
        ("The answer is 1 2\n3 4.\n\nThat is the grid.", "gym", "1 2\n3 4"),
        ("There are 7.", "latex", None),
        ("<think>The answer is 7.", "latex", None),
        (r"<think>\boxed{7}", "text", None),
        (r"\boxed{}", "latex", None),
        ("The answer is", "text", None),
    ],
)
def test_finds_an_answer_of_any_type(response: str, answer_type: str, stated: str | None) -> None:
    assert final_answer(response, answer_type) == stated


@pytest.mark.parametrize(
    ("answer_type", "gold", "right", "wrong"),
    [
        ("text", "Knight", ("the knight", "KNIGHT.", "Knight!"), ("knave", "knights", "")),
        ("text", "A", ("(A)", "a"), ("B", "an apple")),
        ("text", "x < y", ("x < y.",), ("x > y", "x y")),
        ("expression", "3 * (4 + 5)", ("(5 + 4) * 3", "(4+5)\u00d73", "(4 + 5) * 3 = 27", r"$3 \times (4 + 5)$"), ("27", "3 * 9", "(4 + 5) * 3 = 28")),
        ("expression", "2 + 2", ("2+2",), ("2 ** 2", "2 + 2 + 0", "__import__('os')", "2 + 1e0")),
        ("latex", r"\frac{1}{2}", (r"\dfrac12", "0.5", "1/2", r"$\frac{2}{4}$"), (r"\frac{1}{12}", "0.33", "12", r"\frac{11}{2}")),
        ("latex", r"\frac{11}{2}", ("11/2", "5.5"), (r"\frac{1}{12}",)),
        ("latex", r"\left( 3, \frac{\pi}{2} \right)", (r"(3,\frac{\pi}{2})", r"(3, \pi/2)"), (r"(\frac{\pi}{2}, 3)", r"(3, \pi)")),
        ("latex", r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", (r"\begin{pmatrix} \frac{1}{5} \\ -\frac{18}{5} \end{pmatrix}",), ("1/5",)),
        ("latex", "1,-2", ("-2, 1", "1, -2"), ("12", "1", "1,2")),
        ("latex", "10,\\!080", ("10080", "10,080"), ("10", "1080")),
        ("latex", r"15\mbox{ cm}^2", ("15", r"15 \text{ cm}^2"), ("225",)),
        ("latex", r"\text{Evelyn}", ("Evelyn", r"\text{evelyn}"), ("Angela", "E")),
        ("latex", r"\text{(E)}", ("(E)", "E", r"\textbf{(E)}"), ("(A)",)),
        ("latex", "p - q", ("-q+p",), ("q - p",)),
        ("latex", "90^\\circ", ("90", "90^{\\circ}"), ("9",)),
    ],
)  # fmt: skip
def test_an_answer_is_judged_as_its_type_says(answer_type: str, gold: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    assert [stated for stated in (gold, *right) if not is_right(stated, gold, answer_type)] == []
    assert [stated for stated in wrong if is_right(stated, gold, answer_type)] == []
    assert not is_right(None, gold, answer_type)


@pytest.mark.parametrize(("text", "value"), [("1,234.5", 1234.5), ("-$3", -3), ("1/4", 0.25), ("1,2", None), ("5-3", None), ("", None), ("x", None)])
def test_a_plain_number_is_a_number_and_nothing_else(text: str, value: float | None) -> None:
    assert plain_number(text) == value


@pytest.mark.parametrize("in_thread", [False, True])
def test_formulas_that_would_never_end_are_wrong_in_time(in_thread: bool) -> None:
    verdicts: list[bool] = []

    def judge() -> None:
        for evil in ("9^{9^{9^9}}", "{" * 10_000 + "}" * 10_000, "\\sqrt{" * 19 + "2" + "}" * 19):
            # Another gold for either case, for what was judged once is remembered.
            verdicts.append(is_right(evil, rf"\frac{{\pi}}{{{5 + in_thread}}}", "latex"))
        verdicts.append(is_right(rf"\frac{{2\pi}}{{{14 + in_thread}}}", rf"\frac{{4\pi}}{{{28 + 2 * in_thread}}}", "latex"))

    began = time.monotonic()
    thread = threading.Thread(target=judge)
    (thread.start if in_thread else judge)()
    if in_thread:
        thread.join()
    assert verdicts == [False, False, False, True]
    assert time.monotonic() - began < 60


@given(st.text(max_size=300), st.sampled_from(["number", "text", "expression"]))
def test_any_text_can_be_judged(text: str, answer_type: str) -> None:
    assert not is_right(final_answer(text, answer_type), "nothing like it \U0001f600 8", answer_type)


def test_looping_megabytes_are_judged_in_time() -> None:
    for unit in ("\\boxed{", "answer is ", "<answer>", "$", "\\[", "answer: $x. ", "\\begin{a}"):
        final_answer(unit * (1_000_000 // len(unit)), "latex")


def test_each_answer_of_math_is_right_against_itself_alone(real_data: Path) -> None:
    with (real_data / "benchmarks/math500.jsonl").open(encoding="utf-8") as lines:
        golds = [json.loads(line)["answer"] for line in lines]
    for form in ("So $\\boxed{%s}$.", "The answer is %s.", "The answer is $%s$.", "**Answer:** \\(%s\\)\n\nDone."):
        assert [gold for gold in golds if not is_right(final_answer(form % gold, "latex"), gold, "latex")] == []
    draws = random.Random(0)
    pairs = [draws.sample(sorted(set(golds)), 2) for _ in range(200)]
    assert [pair for pair in pairs if is_right(*pair, "latex")] == []


def test_verdicts_agree_with_those_that_came_with_real_traces(real_data: Path) -> None:
    # The five rows of 500 that differ: no answer stated in any form, an ordinal, and golds that the other grader read wrongly.
    with (real_data / "traces/qwen2.5-14b-instruct/math500.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    differ = [row["answer"] for row in rows if is_right(final_answer(row["code"][0], "latex"), row["answer"], "latex") != row["score"][0]]
    assert len(rows) == 500
    assert len(differ) <= 5
