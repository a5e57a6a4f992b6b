"""avg@k, pass@k and maj@k over items, and what their intervals are about."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from harness_ext.stats import (
    DrawnItem,
    accuracy_interval,
    at_k,
    avg_at_k,
    draw_variance,
    item_values,
    pass_at_k,
    redrawn_interval,
    share_interval,
    wilson_interval,
)
from harness_ext.stats.several_draws import Figure, New

Array = npt.NDArray[np.float64]


def items(rights: Sequence[int], draws: int) -> list[DrawnItem]:
    return [DrawnItem(draws, right) for right in rights]


def test_estimates_are_means_over_items() -> None:
    some = [DrawnItem(4, 4), DrawnItem(4, 2, (2,)), DrawnItem(4, 1, (2, 1)), DrawnItem(4, 0, (1,))]
    assert avg_at_k(some).estimate == 7 / 16
    assert at_k(some, "pass", 2).estimate == pytest.approx((1 + 5 / 6 + 1 / 2 + 0) / 4)
    assert at_k(some, "maj", 4).estimate == (1 + 0.5 + 0 + 0) / 4
    assert item_values(some, "maj", 4).tolist() == [1, 0.5, 0, 0]
    assert avg_at_k(some).signature.startswith(
        "test:avg-at-k|n:4|draws:4|k:4|new:items and draws|level:0.95|"
    )


def test_one_draw_and_pass_at_all_draws_have_wilsons_interval() -> None:
    assert avg_at_k(items([1, 1, 0, 1], 1)).interval == wilson_interval(3, 4)
    assert at_k(items([3, 0, 2, 1], 4), "pass", 4).interval == wilson_interval(3, 4)
    assert accuracy_interval([[1.0, 0.5, 0.25]], draws=4) == share_interval([1.0, 0.5, 0.25], 4)


def test_items_that_differ_count_as_items_and_those_that_do_not_as_draws() -> None:
    """Draws of an item that agree wholly are no more than one; those of items all alike are as many."""
    n, draws = 400, 8
    agree = share_interval([0.0, 1.0] * (n // 2), draws)
    whole = wilson_interval(n // 2, n)
    assert agree.high - agree.low == pytest.approx(whole.high - whole.low, rel=0.01)
    alike = share_interval([0.5] * n, draws)
    each = wilson_interval(n * draws // 2, n * draws)
    assert alike.high - alike.low == pytest.approx(each.high - each.low, rel=0.01)


def test_values_between_give_what_the_t_interval_gives_for_many_items() -> None:
    rng = np.random.default_rng(0)
    values = rng.binomial(8, rng.beta(2, 2, 2000)) / 8
    found = share_interval(values, 8)
    half = 1.961 * values.std(ddof=1) / np.sqrt(2000)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=2e-4)


@pytest.mark.parametrize("values", [[0.0], [1.0], [0.0] * 30, [1.0] * 30, [0.5], [0.0] * 29 + [0.125]])
def test_intervals_stay_between_0_and_1_and_have_width(values: list[float]) -> None:
    found = share_interval(values, 8)
    assert 0 <= found.low <= np.mean(values) <= found.high <= 1
    assert found.high - found.low > 0.001


def test_swapping_right_and_wrong_turns_the_interval_round() -> None:
    values = np.array([0.0, 0.25, 0.5, 1.0, 1.0, 1.0])
    for one, other in (
        (share_interval(values, 4), share_interval(1 - values, 4)),
        (
            redrawn_interval(values, values * (1 - values) / 3, 4),
            redrawn_interval(1 - values, values * (1 - values) / 3, 4),
        ),
    ):
        assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def test_the_variance_over_draws_is_that_of_the_mean_and_the_jackknife_by_hand() -> None:
    for right in range(5):
        p = right / 4
        assert draw_variance(DrawnItem(4, right), "avg", 1) == pytest.approx(p * (1 - p) / 3)
    left = [pass_at_k(0, 3, 2), *[pass_at_k(1, 3, 2)] * 3]
    by_hand = 3 / 4 * sum((one - np.mean(left)) ** 2 for one in left)
    assert draw_variance(DrawnItem(4, 1), "pass", 2) == pytest.approx(by_hand)
    assert draw_variance(DrawnItem(4, 4), "pass", 2) == 0
    assert draw_variance(DrawnItem(4, 1, (1, 2)), "maj", 3) > 0


def test_new_draws_of_the_same_items_vary_less_than_new_items() -> None:
    some = items([0, 8, 7, 8, 1, 0, 8, 6] * 20, 8)
    figures: list[tuple[Figure, int]] = [("avg", 8), ("pass", 2), ("maj", 4)]
    for figure, k in figures:
        of_both, of_draws = at_k(some, figure, k).interval, at_k(some, figure, k, "draws").interval
        assert of_both is not None
        assert of_draws is not None
        assert of_draws.high - of_draws.low < 0.5 * (of_both.high - of_both.low)


@pytest.mark.parametrize(("figure", "k", "draws"), [("avg", 1, 1), ("pass", 4, 4), ("maj", 4, 4)])
def test_too_few_draws_say_nothing_of_new_ones(figure: Figure, k: int, draws: int) -> None:
    found = at_k(items([1, 0, 1], draws), figure, k, "draws")
    assert found.interval is None
    assert "needs more of them" in found.note


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="as many draws each"):
        avg_at_k([DrawnItem(2, 1), DrawnItem(3, 1)])
    with pytest.raises(ValueError, match="as many draws each"):
        avg_at_k([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        share_interval([1.5], 2)
    with pytest.raises(ValueError, match="at least one draw"):
        share_interval([0.5], 0)
    with pytest.raises(ValueError, match="a variance of 0 or more"):
        redrawn_interval([0.5], [-1.0], 2)


@pytest.mark.parametrize(("n", "draws", "figure", "k"), [(40, 4, "avg", 4), (40, 16, "pass", 4)])
def test_both_intervals_hold_their_truth_about_as_often_as_they_say(
    n: int, draws: int, figure: Figure, k: int
) -> None:
    """Coarse, as 500 draws tell it; `benchmarks/statistics` has the table."""
    rng = np.random.default_rng(3)
    p = rng.beta(0.7, 1.3, n)
    held = {"items and draws": 0, "draws": 0}
    many = rng.beta(0.7, 1.3, 400_000)
    truth = {
        "items and draws": float((1 - (1 - many) ** (1 if figure == "avg" else k)).mean()),
        "draws": float((1 - (1 - p) ** (1 if figure == "avg" else k)).mean()),
    }
    for _ in range(500):
        both: list[tuple[New, Array]] = [("items and draws", rng.beta(0.7, 1.3, n)), ("draws", p)]
        for new, of_items in both:
            found = at_k(items(rng.binomial(draws, of_items).tolist(), draws), figure, k, new).interval
            assert found is not None
            held[new] += found.low <= truth[new] <= found.high
    assert all(0.915 <= count / 500 <= 0.995 for count in held.values()), held
