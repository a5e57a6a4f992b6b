from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.equivalence import noninferiority_counts, tost_counts
from harness_ext.stats.paired import INTERVALS, IntervalName, PairedCounts, interval_named
from harness_ext.stats.result import Result

counts = st.builds(PairedCounts, *[st.integers(0, 60)] * 3, st.integers(1, 60))
small = st.builds(PairedCounts, *[st.integers(0, 2)] * 3, st.integers(1, 3))
corners = st.one_of(
    counts, small, st.builds(lambda second: PairedCounts(0, 0, second, 0), st.integers(1, 40))
)
names = st.sampled_from(list(INTERVALS))
margins = st.sampled_from([0.02, 0.05, 0.1, 0.3])
alphas = st.sampled_from([0.01, 0.05, 0.1, 0.25])


def swapped(table: PairedCounts) -> PairedCounts:
    return PairedCounts(table.both, table.second, table.first, table.neither)


def inside(result: Result, margin: float) -> bool:
    assert result.interval is not None
    return -margin < result.interval.low and result.interval.high < margin


@settings(max_examples=100)
@given(corners, names, margins, alphas)
def test_p_is_at_most_alpha_just_where_the_interval_lies_inside(
    table: PairedCounts, name: IntervalName, margin: float, alpha: float
) -> None:
    both, one = tost_counts(table, margin, alpha, name), noninferiority_counts(table, margin, alpha, name)
    assert both.p is not None
    assert one.p is not None
    assert one.interval is not None
    if abs(both.p - alpha) > 1e-9:
        assert (both.p < alpha) == inside(both, margin)
    if abs(one.p - alpha) > 1e-9:
        assert (one.p < alpha) == (one.interval.low > -margin)
    assert both.interval == one.interval == interval_named(name)(table, 1 - 2 * alpha)
    assert (both.estimate, both.n) == (table.difference, table.n)


@settings(max_examples=50)
@given(corners, names, margins)
def test_at_alpha_p_a_limit_meets_the_margin(table: PairedCounts, name: IntervalName, margin: float) -> None:
    p = tost_counts(table, margin, interval=name).p
    assert p is not None
    assert 0 < p <= 1
    if 1e-12 < p < 0.4999:
        limits = interval_named(name)(table, 1 - 2 * p)
        assert min(abs(limits.low + margin), abs(limits.high - margin)) < 1e-6


@settings(max_examples=50)
@given(corners, names, margins)
def test_swapping_the_runs(table: PairedCounts, name: IntervalName, margin: float) -> None:
    one, other = tost_counts(table, margin, interval=name), tost_counts(swapped(table), margin, interval=name)
    assert one.p == other.p
    assert one.estimate == -other.estimate
    assert one.p == max(
        noninferiority_counts(way, margin, interval=name).p or 0 for way in (table, swapped(table))
    )


@settings(max_examples=50)
@given(corners, names)
def test_a_wider_margin_is_easier(table: PairedCounts, name: IntervalName) -> None:
    p = [tost_counts(table, margin, interval=name).p or 0 for margin in (0.02, 0.05, 0.1, 0.3, 0.6, 0.95)]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(p))


@settings(max_examples=50)
@given(counts, margins)
def test_tangos_p_is_that_of_his_score(table: PairedCounts, margin: float) -> None:
    above = float(norm.sf(tables.tango_score(table.first, table.second, table.n, -margin)))
    below = float(norm.cdf(tables.tango_score(table.first, table.second, table.n, margin)))
    assert noninferiority_counts(table, margin, interval="tango").p == pytest.approx(above, abs=1e-15)
    assert tost_counts(table, margin, interval="tango").p == pytest.approx(max(above, below), abs=1e-15)


@pytest.mark.parametrize("name", list(INTERVALS))
def test_an_estimate_at_or_beyond_the_margin_is_far_from_equivalent(name: IntervalName) -> None:
    at = tost_counts(PairedCounts(400, 60, 10, 530), 0.05, interval=name).p
    beyond = tost_counts(PairedCounts(400, 90, 10, 500), 0.05, interval=name).p
    assert at == pytest.approx(0.5, abs=0.01)
    assert beyond is not None
    assert beyond > 0.95


def test_without_discordant_items_the_number_of_items_decides() -> None:
    # Tango's limit is z² / (n + z²): with z = 1.645, below .05 from 52 items on.
    few, enough = (tost_counts(PairedCounts(n, 0, 0, 0), 0.05, interval="tango") for n in (51, 52))
    assert (inside(few, 0.05), inside(enough, 0.05)) == (False, True)
    one = tost_counts(PairedCounts(0, 0, 0, 1), 0.05)
    assert one.p is not None
    assert 0.05 < one.p <= 0.5


def test_where_no_interval_reaches_the_margin_p_is_that_of_the_farthest() -> None:
    # All 100 items agree: Newcombe's limits stay within ± .1 at any level.
    assert tost_counts(PairedCounts(50, 0, 0, 50), 0.3).p == pytest.approx(norm.sf(8.0))


def test_settings_out_of_range_are_refused() -> None:
    table = PairedCounts(50, 5, 5, 40)
    for test in (tost_counts, noninferiority_counts):
        for margin in (0.0, 1.0, -0.1, float("nan")):
            with pytest.raises(ValueError, match="margin lies between 0 and 1"):
                test(table, margin)
        for alpha in (0.0, 0.5, float("nan")):
            with pytest.raises(ValueError, match="alpha of a one-sided test"):
                test(table, 0.05, alpha)
        with pytest.raises(ValueError, match="interval is one of"):
            test(table, 0.05, interval="wald")  # type: ignore[arg-type]


def test_the_signature_names_margin_and_alpha() -> None:
    signature = tost_counts(PairedCounts(50, 5, 5, 40), 0.1).signature
    assert signature.startswith("test:tost-newcombe|n:100|b:5|c:5|margin:0.1|alpha:0.05|level:0.9|stylerep:")
