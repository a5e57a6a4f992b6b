import time
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial, norm

from harness_ext.stats.equivalence import tost_counts
from harness_ext.stats.paired import INTERVALS, IntervalName, PairedCounts, mcnemar_midp
from harness_ext.stats.planning import (
    detectable_difference,
    items_for_difference,
    items_for_equivalence,
    items_to_settle,
    plan,
    simulated_power,
)

rates = st.floats(0.02, 1.0)
powers = st.sampled_from([0.6, 0.8, 0.9, 0.95])
alphas = st.sampled_from([0.01, 0.05, 0.1])


def test_connors_formula_as_others_compute_it() -> None:
    # Discordant .45 and .05: 23 (powersamplesize.com, which cites Connor 1987, p. 209); .30 and .15: 155
    # (clinicaltrials-tools.vercel.app, likewise).
    assert items_for_difference(0.40, 0.50) == 23
    assert items_for_difference(0.15, 0.45) == 155


@settings(max_examples=50)
@given(rates, st.floats(0.05, 0.95), powers, alphas)
def test_the_detectable_difference_inverts_the_number_of_items(
    discordance: float, share: float, power: float, alpha: float
) -> None:
    items = items_for_difference(share * discordance, discordance, power, alpha)
    assert items_for_difference(-share * discordance, discordance, power, alpha) == items
    found = detectable_difference(items, discordance, power, alpha)
    assert found is not None
    assert found <= share * discordance * (1 + 1e-8)
    if items > 1:
        fewer = detectable_difference(items - 1, discordance, power, alpha)
        assert fewer is None or fewer >= share * discordance * (1 - 1e-8)


def test_too_few_items_detect_nothing() -> None:
    assert detectable_difference(1, 0.2) is None
    assert detectable_difference(10, 0.2) is None


@settings(max_examples=50)
@given(rates, st.sampled_from([0.02, 0.05, 0.1]), powers, alphas)
def test_equivalence_of_equal_runs_has_a_closed_form(
    discordance: float, margin: float, power: float, alpha: float
) -> None:
    # Liu et al. 2002 at a difference of 0: (z_alpha + z_beta/2)² discordance / margin².
    n = (norm.isf(alpha) + norm.isf((1 - power) / 2)) ** 2 * discordance / margin**2
    assert items_for_equivalence(margin, discordance, 0.0, power, alpha) == pytest.approx(n, abs=1)


@settings(max_examples=50)
@given(st.floats(0.1, 1.0), st.floats(-0.09, 0.09), powers, alphas)
def test_equivalence_reaches_the_power_with_no_item_to_spare(
    discordance: float, true: float, power: float, alpha: float
) -> None:
    def reached(n: int) -> float:
        sd = (discordance - true**2) ** 0.5 / n**0.5
        return float(
            norm.cdf((0.1 - true) / sd - norm.isf(alpha)) + norm.cdf((0.1 + true) / sd - norm.isf(alpha)) - 1
        )

    items = items_for_equivalence(0.1, discordance, true, power, alpha)
    assert items == items_for_equivalence(0.1, discordance, -true, power, alpha)
    assert reached(items) >= power - 1e-6
    assert items == 1 or reached(items - 1) < power + 1e-6


def exact_power(
    n: int, discordance: float, difference: float, decided: Callable[[PairedCounts], bool]
) -> float:
    """Sum the probabilities of the tables for which the decision falls, with a mean accuracy of 1/2."""
    cells = [
        (1 - discordance) / 2,
        (discordance + difference) / 2,
        (discordance - difference) / 2,
        (1 - discordance) / 2,
    ]
    every = [table for table in product(range(n + 1), repeat=4) if sum(table) == n]
    chances = multinomial.pmf(every, n, cells)
    return float(
        sum(chance for chance, table in zip(chances, every, strict=True) if decided(PairedCounts(*table)))
    )


@pytest.mark.parametrize("name", list(INTERVALS))
def test_simulated_equivalence_agrees_with_the_sum_over_all_tables(name: IntervalName) -> None:
    expected = exact_power(9, 0.2, 0.1, lambda table: (tost_counts(table, 0.4, 0.1, name).p or 0) <= 0.1)
    result = simulated_power("equivalence", 9, 0.2, 0.1, margin=0.4, alpha=0.1, interval=name)
    assert 0.2 < expected < 0.9
    assert result.estimate == pytest.approx(expected, abs=0.02)


def test_simulated_difference_agrees_with_the_sum_over_all_tables() -> None:
    expected = exact_power(12, 0.6, 0.5, lambda table: mcnemar_midp(table) <= 0.05)
    result = simulated_power("difference", 12, 0.6, 0.5)
    assert 0.2 < expected < 0.9
    assert result.estimate == pytest.approx(expected, abs=0.02)
    assert result.interval is not None
    assert result.interval.low < result.estimate < result.interval.high


@pytest.mark.parametrize("name", list(INTERVALS))
def test_ten_thousand_draws_take_under_two_seconds(name: IntervalName) -> None:
    start = time.process_time()
    simulated_power("equivalence", 2000, 0.2, margin=0.03, interval=name)
    assert time.process_time() - start < 2


def test_simulations_are_made_again_from_their_settings() -> None:
    one = simulated_power("difference", 200, 0.2, 0.05, seed=3)
    assert one == simulated_power("difference", 200, 0.2, 0.05, seed=3)
    assert one != simulated_power("difference", 200, 0.2, 0.05, seed=4)
    assert one.signature.startswith(
        "test:simulated-power-difference|n:200|discordance:0.2|difference:0.05|accuracy:0.5|alpha:0.05|draws:10000|seed:3|level:0.95|"
    )


def test_swapped_runs_have_about_the_same_power() -> None:
    one, other = (simulated_power("difference", 200, 0.2, difference) for difference in (0.08, -0.08))
    assert one.estimate == pytest.approx(other.estimate, abs=0.03)


@pytest.mark.parametrize(("discordance", "difference"), [(0.2, 0.05), (0.1, 0.04), (0.3, -0.1)])
def test_a_plan_for_a_difference_holds_its_power(discordance: float, difference: float) -> None:
    made = plan("difference", discordance, difference)
    assert made.items == items_for_difference(difference, discordance)
    assert made.simulated.estimate == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("discordance", "difference"), [(0.2, 0.0), (0.1, 0.01), (0.3, -0.01)])
def test_a_plan_for_equivalence_holds_its_power(discordance: float, difference: float) -> None:
    made = plan("equivalence", discordance, difference, margin=0.05)
    assert made.items == items_for_equivalence(0.05, discordance, difference)
    assert made.simulated.n == made.items
    assert made.simulated.estimate == pytest.approx(0.8, abs=0.03)


def test_what_would_settle_a_table() -> None:
    near = items_to_settle(PairedCounts(100, 30, 29, 41), 0.05)
    assert near.question == "equivalence"
    assert near.items == near.for_equivalence == items_for_equivalence(0.05, 59 / 200, 1 / 200)
    assert near.for_difference == items_for_difference(1 / 200, 59 / 200)
    far = items_to_settle(PairedCounts(50, 14, 10, 26), 0.05)
    assert (far.question, far.items) == ("difference", far.for_difference)
    assert far.for_equivalence is not None


def test_what_nothing_would_settle() -> None:
    at_margin = items_to_settle(PairedCounts(50, 15, 10, 25), 0.05)
    assert (at_margin.for_equivalence, at_margin.question) == (None, "difference")
    assert "not inside the margin" in at_margin.reason
    equal = items_to_settle(PairedCounts(50, 10, 10, 30), 0.05)
    assert (equal.for_difference, equal.question) == (None, "equivalence")
    assert "equally accurate" in equal.reason
    same = items_to_settle(PairedCounts(1, 0, 0, 0), 0.05)
    assert (same.items, same.question, same.for_difference, same.for_equivalence) == (None, None, None, None)
    assert "no item is discordant" in same.reason


@settings(max_examples=50)
@given(st.builds(PairedCounts, *[st.integers(0, 40)] * 3, st.integers(1, 40)))
def test_settling_takes_the_same_for_swapped_runs(table: PairedCounts) -> None:
    turned = PairedCounts(table.both, table.second, table.first, table.neither)
    assert items_to_settle(table, 0.05) == items_to_settle(turned, 0.05)


def test_settings_out_of_range_are_refused() -> None:
    for difference, discordance in (
        (0.3, 0.2),
        (0.0, 0.0),
        (0.1, 1.1),
        (0.1, float("nan")),
        (float("nan"), 0.2),
    ):
        with pytest.raises(ValueError, match="needs a discordance"):
            items_for_difference(difference, discordance)
    with pytest.raises(ValueError, match="difference of 0"):
        items_for_difference(0.0, 0.2)
    with pytest.raises(ValueError, match="not inside the margin"):
        items_for_equivalence(0.05, 0.2, 0.05)
    for alpha in (0.0, 0.5):
        with pytest.raises(ValueError, match="alpha of a one-sided test"):
            items_for_equivalence(0.05, 0.2, alpha=alpha)
    with pytest.raises(ValueError, match="power lies between 0 and 1"):
        items_for_difference(0.1, 0.2, power=1.0)
    with pytest.raises(ValueError, match="1 item or more"):
        detectable_difference(0, 0.2)
    with pytest.raises(ValueError, match="1 item and 1 draw"):
        simulated_power("difference", 10, 0.2, draws=0)
    with pytest.raises(ValueError, match="mean accuracy"):
        simulated_power("difference", 10, 0.2, accuracy=0.95)
    for call in (lambda: simulated_power("equivalence", 10, 0.2), lambda: plan("equivalence", 0.2)):
        with pytest.raises(ValueError, match="needs a margin"):
            call()
    with pytest.raises(ValueError, match="difference or equivalence"):
        simulated_power("sameness", 10, 0.2)  # type: ignore[arg-type]
