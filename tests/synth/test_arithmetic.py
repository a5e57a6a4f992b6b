from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.arithmetic import evaluate, number_text, operation


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2+3*4", 14),
        ("(2+3)*4", 20),
        ("48/2", 24),
        (".5*10", 5),
        ("-3+1", -2),
        ("0.1+0.2", Fraction(3, 10)),
        ("1/3", Fraction(1, 3)),
    ],
)
def test_evaluates_exactly(expression: str, value: Fraction | int) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    "expression", ["9**9**9", "__import__('os')", "1/0", "", "a+1", "7//2", "(" * 150, "1" * 300, "True"]
)
def test_refuses_all_but_plain_arithmetic(expression: str) -> None:
    assert evaluate(expression) is None


@given(st.text(max_size=300))
def test_never_raises(text: str) -> None:
    assert evaluate(text) is None or isinstance(evaluate(text), Fraction)


@given(st.integers(1, 500), st.sampled_from("+-*/"), st.integers(1, 500), st.integers(-5, 5))
def test_undoing_gives_the_left_number_exactly_when_the_result_is_right(
    left: int, symbol: str, right: int, error: int
) -> None:
    found = operation(f"{left} {symbol} {right}")
    assert found is not None
    expression, gives = found.undo(found.result + error)
    assert (gives == found.left) == (error == 0)
    if "/" not in number_text(found.result + error):
        assert evaluate(expression) == gives


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(5), "5"), (Fraction(5, 2), "2.5"), (Fraction(1, 8), "0.125"), (Fraction(1, 3), "1/3")],
)
def test_number_text(value: Fraction, text: str) -> None:
    assert number_text(value) == text
