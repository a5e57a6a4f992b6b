import itertools
import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from synth.arithmetic import number_text
from synth.problems.problem import Step
from synth.traces.writing.calculations import (
    EXPLORING,
    VERIFYING,
    Calculation,
    Look,
    operate,
    read_calculation,
    write,
    wrong_result,
)
from synth.traces.writing.content import StepContent

LOOKS = {look.__name__: look for look in (*EXPLORING, *VERIFYING)}
NUMBER = r"\d+(?:\.\d+)?(?:/\d+)?"
EQUATION = re.compile(rf"({NUMBER}(?: [-+*/] {NUMBER})+) = (-?{NUMBER})")

whole = st.integers(0, 2000) | st.integers(0, 30)
decimals = (
    st.decimals(0, 500, places=2)
    .map(Fraction)
    .map(lambda value: value.numerator if value.denominator == 1 else value)
)
numbers = whole | decimals


@st.composite
def calculations(draw: st.DrawFn) -> Calculation:
    symbol = draw(st.sampled_from("+-*/"))
    left, right = draw(numbers), draw(numbers)
    if symbol == "-" and left < right:
        left, right = right, left
    if symbol == "/" and draw(st.booleans()):
        left = left * right  # so that a quotient is often whole
        left = left.numerator if isinstance(left, Fraction) and left.denominator == 1 else left
    assume(symbol != "/" or right)
    return Calculation(left, symbol, right, operate(left, symbol, right))


def value(expression: str) -> Fraction:
    """Compute ``a op b op c`` with * and / before + and -, exactly."""
    terms: list[Fraction] = []
    symbol = "+"
    for part in expression.split(" "):
        if part in "+-*/":
            symbol = part
        elif symbol in "*/":
            terms[-1] = terms[-1] * Fraction(part) if symbol == "*" else terms[-1] / Fraction(part)
        else:
            terms.append(Fraction(part) if symbol == "+" else -Fraction(part))
    return sum(terms, Fraction(0))


def equations(text: str) -> Iterator[tuple[Fraction, Fraction]]:
    assert text.count("=") == len(EQUATION.findall(text)), text
    for left, right in EQUATION.findall(text):
        yield value(left), Fraction(right)


@settings(max_examples=4000)
@given(calculations(), st.sampled_from(sorted(LOOKS)), st.integers(0, 5))
def test_every_equation_is_true(c: Calculation, name: str, seed: int) -> None:
    texts = LOOKS[name](c, random.Random(seed)) or {}
    for text in texts.values():
        assert all(left == right for left, right in equations(text)), (c, texts)


def results(text: str) -> list[Fraction]:
    return [right for _, right in equations(text)]


def sorted_strictly(*values: Fraction | int) -> bool:
    return all(low < high for low, high in itertools.pairwise(values))


def ends_with_result(c: Calculation, texts: dict[str, str]) -> bool:
    return results(texts["second"]) == [c.result]


# What the wordings say of the texts, besides that their equations are true.
SAID: dict[str, Callable[[Calculation, dict[str, str]], bool]] = {
    "size": (
        lambda c, texts: (
            texts["compared"] == ("more than" if c.result > c.left else "less than") and c.result != c.left
        )
    ),
    "parity": (
        lambda c, texts: (
            [texts["one"], texts["other"], texts["whole"]]
            == ["odd" if n % 2 else "even" for n in (c.left, c.right, c.result)]
        )
    ),
    "undo": lambda c, texts: value(texts["undone"]) == c.left,
    "other_number": lambda c, texts: value(texts["found"]) == c.right,
    "swapped": (
        lambda c, texts: value(texts["exchanged"]) == c.result and texts["exchanged"] != texts["calculation"]
    ),
    "repeated": lambda c, texts: value(texts["sum"]) == c.result,
    "neighbour": (
        lambda c, texts: (
            Fraction(texts["wrong"]) != c.result
            and value(texts["undone"]) == Fraction(texts["gives"]) != c.left
        )
    ),
    "between": lambda c, texts: (
        results(texts["below"]) == [Fraction(texts["low"])]
        and results(texts["above"]) == [Fraction(texts["high"])]
        and sorted_strictly(Fraction(texts["low"]), c.result, Fraction(texts["high"]))
    ),
    "bracketed": lambda c, texts: (
        sorted_strictly(Fraction(texts["low"]), c.result, Fraction(texts["high"]))
        and sorted_strictly(*results(texts["down"]), c.left, *results(texts["up"]))
    ),
    "last_digit": (
        lambda c, texts: (
            texts["digits"].endswith(texts["digit"])
            and int(texts["digit"]) == c.result % 10
            and results(texts["digits"])[0] >= 0
        )
    ),
    "split": (
        lambda c, texts: (
            ends_with_result(c, texts)
            and Fraction(texts["part"]) + Fraction(texts["rest"]) in (c.left, c.right)
        )
    ),
    "halves": (
        lambda c, texts: ends_with_result(c, texts) and results(texts["first"]) == [Fraction(c.result) / 2]
    ),
    "rounded": (
        lambda c, texts: (
            ends_with_result(c, texts) and int(texts["round"]) % 10 == 0 < int(texts["round"]) - c.right <= 3
        )
    ),
    "near_double": (
        lambda c, texts: (
            ends_with_result(c, texts)
            and sorted((c.left, c.right)) == [int(texts["small"]), int(texts["small"]) + int(texts["more"])]
        )
    ),
    "count_up": (
        lambda c, texts: ends_with_result(c, texts) and sorted_strictly(c.right, int(texts["ten"]), c.left)
    ),
    "one_less": (
        lambda c, texts: (
            ends_with_result(c, texts)
            and int(texts["fewer"]) + 1 == int(texts["times"]) == min(c.left, c.right)
        )
    ),
    "halve_twice": (
        lambda c, texts: ends_with_result(c, texts) and results(texts["first"]) == [Fraction(c.left) / 2]
    ),
    "decimal": ends_with_result,
    "table": lambda c, texts: results(texts["multiples"])[-1] == (c.result if c.symbol == "*" else c.left),
    "by_tens": lambda c, texts: results(texts["steps"])[-1] == c.result,
}


@settings(max_examples=4000)
@given(calculations(), st.sampled_from(sorted(LOOKS)), st.integers(0, 5))
def test_what_is_said_of_the_texts_is_true(c: Calculation, name: str, seed: int) -> None:
    texts = LOOKS[name](c, random.Random(seed))
    if texts is not None:
        assert value(texts["calculation"]) == Fraction(texts["result"]) == c.result
        assert (Fraction(texts["left"]), Fraction(texts["right"])) == (c.left, c.right)
        assert SAID[name](c, texts), (c, texts)


@given(calculations(), st.integers(0, 5))
def test_a_wrong_result_is_a_plain_number_that_going_back_gives_away(c: Calculation, seed: int) -> None:
    wrong = wrong_result(c, random.Random(seed))
    if wrong is not None:
        assert wrong != c.result
        assert wrong > 0
        assert "/" not in write(wrong)


@given(calculations(), st.integers(0, 20))
def test_a_slip_is_false_and_what_rejects_it_is_true(c: Calculation, seed: int) -> None:
    turn = StepContent(Step("so it is."), [c]).turn(random.Random(seed))
    if turn is None:
        return
    (_, slip), (_, rejection) = turn.idea, turn.rejection
    assert value(slip["calculation"]) != Fraction(slip["wrong"]) == Fraction(rejection["wrong"])
    assert value(rejection["undone"]) == Fraction(rejection["gives"]) != Fraction(rejection["left"])


def test_there_is_something_to_say_about_every_kind_of_calculation() -> None:
    for symbol, right in (("+", 17), ("-", 17), ("*", 4), ("/", 4)):
        c = Calculation(48, symbol, right, operate(48, symbol, right))
        for looks, least in ((EXPLORING, 4), (VERIFYING, 3)):
            assert sum(look(c, random.Random(0)) is not None for look in looks) >= least, (symbol, least)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_every_look_has_something_to_say_of_some_calculation(look: Look) -> None:
    rng = random.Random(0)
    samples = (
        ("+", 48, 19),
        ("-", 62, 38),
        ("*", 14, 12),
        ("*", 48, 3),
        ("*", 12, Fraction(5, 2)),
        ("/", 96, 8),
        ("+", 12, 13),
    )
    assert any(
        look(Calculation(left, symbol, right, operate(left, symbol, right)), rng)
        for symbol, left, right in samples
        for _ in range(5)
    )


@given(calculations())
def test_a_calculation_is_read_as_it_is_written(c: Calculation) -> None:
    assume("/" not in write(c.result))
    assert read_calculation(c.text, number_text(Fraction(c.result))) == c


@pytest.mark.parametrize(
    ("expression", "result"),
    [("3 + 4", "8"), ("3 + 4 + 5", "12"), ("3 / 0", "0"), ("x + 4", "7"), ("", ""), ("3 + 4", "seven")],
)
def test_what_is_no_single_true_operation_is_not_taken(expression: str, result: str) -> None:
    assert read_calculation(expression, result) is None
