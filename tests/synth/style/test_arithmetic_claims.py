import random
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.style import arithmetic_claims as claims
from synth.style.arithmetic_claims import _verdict, _without_words, claim_span, find_claims
from synth.style.characters import look
from tests.hostile import hostile_responses


def truths(text: str) -> list[bool]:
    return [claim.true for claim in find_claims(text, look(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18 + 12 = 30", [True]),
        ("18 + 12 = 31", [False]),
        ("so 18 mph \u00d7 1.5 hours = 27 miles.", [True]),
        (r"\frac{36}{20} = \frac{9}{5}", [True]),
        (r"$3 \times 4^2 = 48$.", [True]),
        (r"\[ 2^{10} = 1024 \]", [True]),
        (r"\left( 3 + 4 \right) \cdot 2 = 15", [False]),
        ("10 / 3 = 3.33", [True]),
        ("10 / 3 = 3.4", [False]),
        ("2/3 \u2248 0.66", [True]),
        ("12 * 12 = 144 = 140 + 4", [True, True]),
        ("- 18 + 12 = 30", [True]),
        ("-3 + 5 = 2", [True]),
        ("a = - (1 - 1 + 6) = -6", [True]),
        ("1. 18 + 12 = 30", [True]),
        ("n = 3 + 4 = 7", [True]),
        ("2(3+4) = 14", [True]),
        ("20% \u00d7 50 = 10", [True]),
        ("$5 + $3 = $8, so 1,250 + 250 = 1,500", [True, True]),
        ("5 + 5 = 10!", [True]),
        ("5 apples + 3 apples = 8 apples", [True]),
        ("3\u00b2 + 4\u00b2 = 25", [True]),
        ("Area = 3 * 4 = 12 cm\u00b2", [True]),
        ("首先，3 + 4 = 7。然后 7 个 \u00d7 2 = 15，", [True, False]),
        ("25 m = 25 \u00d7 1000 mm = 25,000 mm", [True]),
    ],
)
def test_claims_are_judged(text: str, expected: list[bool]) -> None:
    assert truths(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2x + 3 = 7",
        "x - 3 + 5 = 2",
        "4! = 24",
        "4 * 6 = 4! + 0",
        "17 + 3 = 2 mod 6",
        r"8 \cdot 2 = 5 \pmod{11}",
        "f(2 + 3) = 5",
        r"\sqrt{16} + 2 = 6",
        "log 100 * 2 = 4",
        "3 1/2 = 3.5",
        r"\binom{10}{4} = 210",
        "3 hours + 24 minutes = 204 minutes",
        "2 feet = 2 * 12 inches",
        r"\frac{2xy}{50} = 1",
        "12 = 12",
        "x = 5",
        "= = =",
        "2 + = 3",
        "1 / 0 = 5",
        "9^99999 = 3",
        "11 \u00f7 2 = 5 remainder 1",
        r"17 - 3 = 14t",
    ],
)
def test_what_is_no_arithmetic_is_no_claim(text: str) -> None:
    assert truths(text) == []


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.sampled_from("+-*/"), st.integers(-3, 3))
def test_truth_is_that_of_exact_arithmetic(left: int, right: int, sign: str, off: int) -> None:
    value = {
        "+": Fraction(left + right),
        "-": Fraction(left - right),
        "*": Fraction(left * right),
        "/": Fraction(left, right),
    }[sign] + off
    stated = str(value) if value.denominator == 1 else f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
    assert truths(f"Thus {left} {sign} {right} = {stated}.") == [off == 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so 18 mph \u00d7 1.5 hours = 27 miles.", ["18 mph \u00d7 1.5 hours = 27"]),
        ("12 * 12 = 144 = 140 + 4, then", ["12 * 12 = 144", "144 = 140 + 4"]),
        ("- 18 + 12 = 30", ["18 + 12 = 30"]),
        ("n = 3 + 4 = 7", ["3 + 4 = 7"]),
        (r"Thus \[ \frac{36}{20} = \frac{9}{5} \] holds", [r"\frac{36}{20} = \frac{9}{5}"]),
        ("\U0001f600: so 2(3+4) = 14. And 5 + 5 = 10!", ["2(3+4) = 14", "5 + 5 = 10"]),
        ("5 apples + 3 apples = 4 apples + 4 apples in all", ["5 apples + 3 apples = 4 apples + 4"]),
    ],
)
def test_a_claim_says_where_it_stands(text: str, expected: list[str]) -> None:
    spans = (claim_span(text, claim) for claim in find_claims(text, look(text)))
    assert [text[start:end] for start, end in spans] == expected


def test_every_claim_in_hostile_text_has_a_place() -> None:
    for text in hostile_responses(800, seed=5):
        for claim in find_claims(text[:50_000], look(text[:50_000])):
            start, end = claim_span(text[:50_000], claim)
            assert 0 <= start < claim.place < end <= len(text)


_PIECES = st.sampled_from(
    [
        " ",
        "$",
        "(",
        ")",
        "{",
        "}",
        "[",
        "+",
        "-",
        "*",
        "/",
        "^",
        "1",
        "23",
        "4.5",
        ".",
        ",",
        "1,234",
        "x",
        "ab",
        "cm",
        "which",
        "\\times",
        "\\div",
        "\\left (",
        "\\right)",
        "\\(",
        "\\frac",
        "\\frac{1}{2}",
        "\\sqrt",
        "\\pi",
        "\\text{ x }",
        "\\text",
        "\\quad",
        "\\circ",
        "\\%",
        "\u00b2",
        "\u00b0",
        "!",
        "mod",
        "\u0663",
        "\u4e00",
    ]
)


@given(st.lists(_PIECES, min_size=1, max_size=24).map("".join), st.booleans())
def test_what_is_told_early_is_what_a_whole_reading_tells(side: str, opens_line: bool) -> None:
    side = side[:90]
    early = claims._right(side), claims._left(side, opens_line, False)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_VARIABLE", "_VARIABLE_BACKWARDS"):
            patch.setattr(claims, name, re.compile(r"(?!)"))
        patch.setattr(claims, "_HEAD", len(side))
        assert early == (claims._right(side), claims._left(side, opens_line, False))


def test_what_stands_before_the_last_punctuation_changes_no_verdict() -> None:
    rng = random.Random(0)
    parts = (
        "12 3 4.5 1,234 .5 - + * / ^ ( ) [ ] { } x cm of mod frac \\frac{1}{2} \\times \\, $ % \\% ² . , : !"
        " ** _ ° € & 2x f \\text{of}".split()
    )
    for _ in range(5000):
        left = "".join(
            rng.choice([*parts, ": ", ". ", ", ", "; ", "? ", "! "]) + " " * (rng.random() < 0.4)
            for _ in range(rng.randint(1, 12))
        )
        left += rng.choice(
            [
                "",
                f"{rng.choice((': ', ', ', '. '))}{rng.randint(0, 9)} {rng.choice('+-*/')}"
                f" {rng.randint(1, 9)} ",
            ]
        )
        right = rng.choice(
            [f" {rng.randint(0, 18)}. So", " 7 cm", "".join(rng.choice(parts) for _ in range(3))]
        )
        opens_line = rng.random() < 0.3
        assert _verdict(left, opens_line, right, True) == _verdict(
            *_without_words(left, opens_line), right, True
        ), (left, right)
