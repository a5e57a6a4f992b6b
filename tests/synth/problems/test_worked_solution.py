import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.grading.answers import is_right
from synth.problems.worked_solution import arithmetic_claims, open_boxes, prose_steps
from synth.problems.wrong_latex import wrong_latex


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("so $12000/48 = 250$ gallons", ["12000 / 48 = 250"]),
        ("He pays 3 \u00d7 4 = 12 dollars, then 12 - 5 = 7.", ["3 * 4 = 12", "12 - 5 = 7"]),
        ("$1,200 + 34 = 1,234$", ["1200 + 34 = 1234"]),
        ("$2 \\cdot 42 = 84 \\equiv 1$", ["2 * 42 = 84"]),
        ("$3 + 4 = 8$", []),
        ("$x + 3 - 1 = 2$", []),
        ("$12 + 3 \\cdot 4 = 24$", []),
        ("$2 \\cdot 3 + 4 = 10$", []),
        ("$3 + 4 = 7x$", []),
        ("$2^3 + 4 = 12$", []),
        ("no sum", []),
    ],
)
def test_claims_are_the_true_statements_of_one_operation(text: str, claims: list[str]) -> None:
    assert [f"{claim.expression} = {claim.result}" for claim in arithmetic_claims(text)] == claims


def test_boxes_are_opened() -> None:
    assert (
        open_boxes(r"$\boxed{\frac{1}{2}}$, \boxed{\boxed{3}} and \boxed{4")
        == r"$\frac{1}{2}$, 3 and \boxed{4"
    )
    assert [step.text for step in prose_steps("It is\n\\[x = \\boxed{5}.\\]\n[asy]\nA. B\n[/asy]")] == [
        "It is \\[x = 5.\\]"
    ]


@given(st.text(max_size=300))
def test_any_text_has_steps(text: str) -> None:
    assert all(step.text and "\n" not in step.text for step in prose_steps(text))


@pytest.mark.parametrize(
    "answer",
    [
        "5",
        "0",
        "-1",
        "4.5",
        ".35625",
        "\\frac{1}{2}",
        "\\pi",
        "p - q",
        "(2,4)",
        "\\text{(E)}",
        "\\text{even}",
        "10,\\!080",
        "x = 3",
        "\\sqrt{3}",
    ],
)
def test_wrong_answers_are_wrong_and_there_are_three(answer: str) -> None:
    wrong = wrong_latex(answer, random.Random(0), "Is $n$ even? Ann and Ben ask.")
    assert len(set(wrong)) == 3
    assert not any(is_right(one, answer, "latex") for one in wrong)
    assert wrong == wrong_latex(answer, random.Random(0), "Is $n$ even? Ann and Ben ask.")


def test_a_wrong_name_is_another_name_of_the_question() -> None:
    assert set(wrong_latex("\\text{Ann}", random.Random(0), "Ann, Ben and Cleo run. Which is first?")) == {
        "\\text{Ben}",
        "\\text{Cleo}",
        "\\text{not Ann}",
    }
