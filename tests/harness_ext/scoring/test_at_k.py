"""pass@k and maj@k of one item: by hand, by counting out all choices of draws, by the other formula."""

import itertools
from collections import Counter
from fractions import Fraction
from math import comb

import pytest

from harness_ext.scoring.at_k import maj_at_k, pass_at_k, sizes


def counted_out(right: int, wrong: tuple[int, ...], draws: int, k: int) -> tuple[Fraction, Fraction]:
    """Return pass@k and maj@k as exact means over every choice of k draws."""
    said = ["right"] * right + [str(place) for place, size in enumerate(wrong) for _ in range(size)]
    said += [""] * (draws - len(said))
    passed, won, choices = Fraction(0), Fraction(0), 0
    for chosen in itertools.combinations(said, k):
        choices += 1
        passed += "right" in chosen
        votes = Counter(one for one in chosen if one)
        first = [one for one, count in votes.items() if count == max(votes.values())]
        won += Fraction(1, len(first)) if "right" in first else 0
    return passed / choices, won / choices


def test_figures_by_hand() -> None:
    assert pass_at_k(1, 4, 1) == 0.25
    assert pass_at_k(1, 4, 2) == 0.5  # 3 of the 6 pairs hold the right draw
    assert pass_at_k(2, 4, 2) == pytest.approx(5 / 6, abs=1e-15)
    assert pass_at_k(3, 4, 2) == 1
    assert maj_at_k(2, (1, 1), 4, 4) == 1
    assert maj_at_k(2, (2,), 4, 4) == 0.5  # a tie of two
    assert maj_at_k(1, (1, 1), 3, 3) == pytest.approx(1 / 3, abs=1e-15)
    assert maj_at_k(1, (2,), 4, 4) == 0
    assert maj_at_k(1, (), 4, 4) == 1  # three draws that state nothing do not vote
    assert maj_at_k(0, (), 4, 4) == 0
    # of the pairs: right twice 1, right and wrong 4 times one half, wrong twice 1
    assert maj_at_k(2, (2,), 4, 2) == 0.5


@pytest.mark.parametrize("draws", [1, 2, 5, 7])
def test_all_choices_of_draws_give_the_same(draws: int) -> None:
    for right in range(draws + 1):
        for wrong in [(), (1,), (2, 1), (1, 1, 1), (3, 2)]:
            if right + sum(wrong) > draws:
                continue
            for k in range(1, draws + 1):
                passed, won = counted_out(right, wrong, draws, k)
                assert pass_at_k(right, draws, k) == pytest.approx(float(passed), abs=1e-14)
                assert maj_at_k(right, wrong, draws, k) == pytest.approx(float(won), abs=1e-14)


@pytest.mark.parametrize("draws", [16, 64, 200, 1000])
def test_the_product_is_the_quotient_of_exact_binomials(draws: int) -> None:
    for right in sorted({0, 1, 2, draws // 3, draws // 2, draws - 5, draws}):
        for k in sorted({1, 2, 8, draws // 2, draws - 1, draws}):
            exact = 1 - Fraction(comb(draws - right, k), comb(draws, k))
            assert pass_at_k(right, draws, k) == pytest.approx(float(exact), abs=1e-12)


def test_one_draw_is_the_share_of_right_ones_whichever_figure() -> None:
    for right in range(7):
        assert pass_at_k(right, 6, 1) == pytest.approx(right / 6, abs=1e-15)
        assert maj_at_k(right, (), 6, 1) == pytest.approx(right / 6, abs=1e-15)


def test_the_sizes_told_are_powers_of_two_and_all_draws() -> None:
    assert [sizes(draws) for draws in (1, 2, 3, 4, 10, 16)] == [
        [],
        [2],
        [2, 3],
        [2, 4],
        [2, 4, 8, 10],
        [2, 4, 8, 16],
    ]


@pytest.mark.parametrize("given", [(5, 4, 1), (-1, 4, 1), (1, 4, 0), (1, 4, 5)])
def test_counts_that_cannot_be_are_refused(given: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="needs 0 <= right"):
        pass_at_k(*given)


def test_more_votes_than_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="3 in all"):
        maj_at_k(1, (2, 2), 4, 2)
    with pytest.raises(ValueError, match="1 time or more"):
        maj_at_k(1, (0,), 4, 2)
