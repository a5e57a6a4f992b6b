import random
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.style import cut_steps, load_lexicon
from synth.traces.alterations import DOSES, delete, digits, insert, keywords, other_order, shuffle

LEXICON = load_lexicon("en")
LINES = [f"{i}. Step {chr(65 + i)} gives {i} + {i} = {2 * i}." for i in range(10)]
TEXT = "\n\n".join(LINES)
OTHER = "\n\n".join(f"Elsewhere {i} happens." for i in range(5))


def rng() -> random.Random:
    return random.Random(7)


def test_cutting_and_joining_gives_the_text_back() -> None:
    steps, gaps = cut_steps("  - A mark.\nAnother line.\n\n1. One\n")
    assert steps == ["- A mark.", "Another line.", "1. One"]
    assert (
        "".join(step + gap for step, gap in zip(steps, gaps, strict=True))
        == "- A mark.\nAnother line.\n\n1. One\n"
    )


@given(st.text(alphabet="ab. \n-1?", max_size=200))
def test_nothing_is_lost_by_cutting(text: str) -> None:
    steps, gaps = cut_steps(text)
    whole = "".join(step + gap for step, gap in zip(steps, gaps, strict=True))
    assert text.endswith(whole)
    assert not re.search(r"\w", text[: len(text) - len(whole)])


@pytest.mark.parametrize(("fraction", "moved"), [(0.0, 0), (0.2, 2), (0.67, 7), (1.0, 10)])
def test_so_many_steps_are_moved(fraction: float, moved: int) -> None:
    lines = shuffle(TEXT, fraction, rng(), "", LEXICON).split("\n\n")
    assert Counter(lines) == Counter(LINES)
    assert sum(a != b for a, b in zip(lines, LINES, strict=True)) == moved


@pytest.mark.parametrize(("fraction", "left"), [(0.0, 10), (0.33, 7), (1.0, 0)])
def test_so_many_steps_are_deleted(fraction: float, left: int) -> None:
    lines = [line for line in delete(TEXT, fraction, rng(), "", LEXICON).split("\n\n") if line]
    assert len(lines) == left
    assert lines == [line for line in LINES if line in lines]


def test_inserted_steps_are_those_of_the_other_problem() -> None:
    lines = insert(TEXT, 0.5, rng(), OTHER, LEXICON).split("\n\n")
    assert len(lines) == 15
    assert [line for line in lines if line in LINES] == LINES
    assert sum(line in OTHER.split("\n\n") for line in lines) == 5


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_so_many_digits_are_changed(fraction: float) -> None:
    changed = digits(TEXT, fraction, rng(), "", LEXICON)
    before, after = re.findall(r"\d", TEXT), re.findall(r"\d", changed)
    assert re.sub(r"\d", "#", TEXT) == re.sub(r"\d", "#", changed)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == int(fraction * len(before) + 0.5)


def test_so_many_pivots_are_taken_out() -> None:
    text = "Wait, this is 2.\n\nLet me check: it is.\n\nAlternatively, add.\n\nHmm, so it is."
    for fraction, left in ((0.0, 4), (0.5, 2), (1.0, 0)):
        assert len(LEXICON.find(keywords(text, fraction, rng(), "", LEXICON))) == left


@given(st.sampled_from(sorted(DOSES)), st.floats(0, 1), st.text(max_size=120), st.text(max_size=60))
def test_any_text_can_be_altered_and_twice_alike(dose: str, fraction: float, text: str, other: str) -> None:
    once = DOSES[dose](text, fraction, rng(), other, LEXICON)
    assert once == DOSES[dose](text, fraction, rng(), other, LEXICON)


def test_another_order_is_never_the_same() -> None:
    for n in (2, 3, 4):
        assert all(other_order(n, random.Random(seed)) != list(range(n)) for seed in range(50))
    assert other_order(1, rng()) == [0]
