from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.style.arithmetic_claims import _candidates, _left_side, _right_side, _verdict, _without_words
from synth.style.characters import Texts
from synth.style.short_sums import number, short_verdict


def verdicts(text: str) -> list[tuple[bool | None, bool | None]]:
    """Return for each claim of a text what is said at a glance, and what reading all tokens comes to."""
    texts = Texts.lay([text])
    places = _candidates(texts, texts.look()).tolist()
    slow = [
        _verdict(*_without_words(*_left_side(text, place)), _right_side(text, place + 1), text[place] == "=")
        for place in places
    ]
    return [(short_verdict(text, text[::-1], place), own) for place, own in zip(places, slow, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18 + 12 = 30", [True]),
        ("Then 18 + 12 = 31.", [False]),
        ("Lena adds 4: 19 + 4 = 23 litres of milk. 22 - 4 = 18, which is not enough.", [True, True]),
        ("- 26 - 5 = 21. Then\n- 5 = 25 / 5.", [True, True]),
        ("12 * 12 = 144 = 140 + 4", [True, True]),
        ("In all (3 + 4 * 2 = 11, he says", [True]),
        ("10 / 3 = 3.33. And 10 / 3 = 3.4. But 3.33 = 10 / 3.", [True, False, True]),
        ("It costs 1,250.50 + 250 = 1,500.5 dollars.", [True]),
        ("He owes 3 - 8 = -5 dollars. -5 = 3 - 8.", [True]),
    ],
)
def test_common_claims_are_judged_at_a_glance(text: str, expected: list[bool]) -> None:
    found = [short for short, _ in verdicts(text)]
    assert found[: len(expected)] == expected
    assert all(short in (None, slow) for short, slow in verdicts(text))


@pytest.mark.parametrize(
    "text",
    [
        "17 + 0 = 2 mod 5",
        "5 + 3 = 8x",
        "5 + 3 = 8 a",
        "2 * log 5 + 3 = 8",
        "x 5 + 3 = 8",
        r"\times 5 + 3 = 8",
        r"f\, 5 + 3 = 8",
        "5 + 3 = 8 + y",
        "3 cups * 4 = 12",
        "4! + 3 = 27",
        "5 + 3 \u2248 8.01",
        "2^3 + 1 = 9",
        "5 / 0 = 3",
        "5 + 3 = 8, log of it",
        "5 = 5",
        "1.2.3 + 4 = 5",
        "5 + 3 = 8!",
        "20% + 3 = 3.2",
        "12,34 + 5 = 39",
        "the " * 30 + "x" * 30 + " 1,000 + 2,000 = 3,000 + 4",
        "5 + 3 = 8 (which 8 is)",
        "5 + 3 = 40 and 30 * 2 = 60",
    ],
)
def test_what_may_be_another_claim_is_left_to_the_full_reading(text: str) -> None:
    assert all(short in (None, slow) for short, slow in verdicts(text))
    assert [short for short, _ in verdicts(text)[:1]] in ([], [None])


PIECES = (
    "7",
    "12",
    "3.5",
    "1,000",
    "0",
    ".5",
    "-3",
    " + ",
    " - ",
    "*",
    " / ",
    "+",
    "\u00d7",
    "(",
    ")",
    " ",
    "  ",
    "\n",
    "- ",
    ": ",
    ". ",
    ", ",
    ".",
    "!",
    "? ",
    "the",
    " cups",
    "x",
    " x ",
    " mod ",
    "log ",
    "\\",
    "\\frac{1}{2}",
    "\\(",
    "$",
    "^2",
    "%",
    "\u00b2",
    " and ",
    "that is",
    "cm",
    "\u2248",
    "<",
    "\\approx ",
    "\\text{ab",
    "}",
    "{",
    "\u5143",
    "A",
    " So ",
)


@given(
    st.lists(
        st.sampled_from((*PIECES, *(" = ", "=", "7", "12", " + ", " the ", "19 + 4 = 23") * 3)),
        min_size=4,
        max_size=40,
    )
)
def test_a_glance_comes_to_what_the_full_reading_does(pieces: list[str]) -> None:
    for short, slow in verdicts("".join(pieces)):
        assert short in (None, slow)


@given(st.integers(0, 10**9), st.integers(0, 10**6 - 1))
def test_numbers_are_exact(whole: int, decimals: int) -> None:
    assert number(f"{whole:,}.{decimals:06d}") == whole + Fraction(decimals, 10**6)
