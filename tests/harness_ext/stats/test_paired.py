from itertools import pairwise
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import beta, binomtest, chi2, norm
from statsmodels.stats.contingency_tables import mcnemar

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.paired import (
    INTERVALS,
    IntervalName,
    PairedCounts,
    bonett_price_interval,
    difference,
    interval_named,
    matched_odds_ratio,
    mcnemar_exact,
    mcnemar_midp,
    newcombe_interval,
    paired_counts,
    posterior_difference,
    tango_interval,
)
from harness_ext.stats.proportion import Interval

counts = st.builds(PairedCounts, *[st.integers(0, 60)] * 3, st.integers(1, 60))
small = st.builds(PairedCounts, *[st.integers(0, 2)] * 3, st.integers(1, 3))
one_sided = st.builds(lambda second: PairedCounts(0, 0, second, 0), st.integers(1, 40))
corners = st.one_of(counts, small, one_sided)
names = st.sampled_from(list(INTERVALS))
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])
CAVO = PairedCounts(59, 6, 16, 80)
BENTUR = PairedCounts(1, 1, 7, 12)


def swapped(table: PairedCounts) -> PairedCounts:
    return PairedCounts(table.both, table.second, table.first, table.neither)


def limits(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def test_published_intervals() -> None:
    # Cavo et al. 2012, as expected by the tests of the R package contingencytables (chapter 8 of Fagerland,
    # Lydersen & Laake 2017).
    assert limits(newcombe_interval(CAVO)) == pytest.approx((-0.1186, -0.0046), abs=5e-5)
    assert limits(bonett_price_interval(CAVO)) == pytest.approx((-0.1195, -0.0032), abs=5e-5)
    assert limits(tango_interval(CAVO)) == pytest.approx((-0.1240, -0.0054), abs=5e-5)
    # The same tests: asymptotic McNemar Z = -2.132, exact p .052479, mid-p .034690.
    assert float(tables.tango_score(6, 16, 161, 0)) == pytest.approx(-2.132, abs=5e-4)
    assert mcnemar_exact(CAVO) == pytest.approx(0.052479, abs=5e-7)
    assert mcnemar_midp(CAVO) == pytest.approx(0.034690, abs=5e-7)


def test_published_midp() -> None:
    # Bentur et al. 2009, in Fagerland, Lydersen & Laake (2013): exact p .0703, mid-p .0391.
    assert (mcnemar_exact(BENTUR), mcnemar_midp(BENTUR)) == pytest.approx((0.0703, 0.0391), abs=5e-5)


@settings(max_examples=60)
@given(counts)
def test_the_score_of_no_difference_is_that_of_mcnemar(table: PairedCounts) -> None:
    score = float(tables.tango_score(table.first, table.second, table.n, 0))
    if table.first + table.second:
        expected = mcnemar(
            [[table.both, table.first], [table.second, table.neither]], exact=False, correction=False
        )
        assert score**2 == pytest.approx(expected.statistic, abs=1e-10)
        assert chi2.sf(score**2, 1) == pytest.approx(expected.pvalue, abs=1e-10)
    else:
        assert score == 0


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.floats(-0.95, 0.95))
def test_the_score_uses_the_most_likely_table_with_that_difference(
    b: int, c: int, rest: int, delta: float
) -> None:
    n = b + c + rest
    low, high = max(0.0, -delta), (1 - delta) / 2

    def slope(q: float) -> float:
        return b / (q + delta) + c / q - 2 * rest / (1 - 2 * q - delta)

    room = 1e-13 * (high - low)
    q = brentq(slope, low + room, high - room, xtol=1e-16, rtol=1e-14)
    expected = (b - c - n * delta) / np.sqrt(n * (2 * q + delta - delta**2))
    assert float(tables.tango_score(b, c, n, delta)) == pytest.approx(expected, rel=1e-8, abs=1e-8)


@settings(max_examples=60)
@given(corners, levels)
def test_tangos_limits_are_where_the_score_is_the_quantile(table: PairedCounts, level: float) -> None:
    interval = tango_interval(table, level)
    z = float(norm.ppf((1 + level) / 2))
    for end, sign, certain in ((interval.low, 1, -1.0), (interval.high, -1, 1.0)):
        if end != certain:
            assert float(tables.tango_score(table.first, table.second, table.n, end)) == pytest.approx(
                sign * z, abs=1e-5
            )


@settings(max_examples=60)
@given(corners)
def test_limits_and_scores_move_one_way(table: PairedCounts) -> None:
    low, high = tables.newcombe(table.both, table.first, table.second, table.neither, np.linspace(0, 8, 401))
    assert np.diff(low).max() < 1e-12
    assert np.diff(high).min() > -1e-12
    scores = tables.tango_score(table.first, table.second, table.n, np.linspace(-1, 1, 401))
    assert (scores[1:] <= scores[:-1] + 1e-9).all()


def test_limits_known_in_closed_form() -> None:
    # Without discordant items the score is -sqrt(n D / (1 - D)); with b = n it is sqrt(n (1 - D) / (1 + D)).
    z2 = 1.959963984540054**2
    assert limits(tango_interval(PairedCounts(20, 0, 0, 5))) == pytest.approx(
        (-z2 / (25 + z2), z2 / (25 + z2)), abs=1e-12
    )
    assert limits(tango_interval(PairedCounts(0, 25, 0, 0))) == pytest.approx(
        ((25 - z2) / (25 + z2), 1.0), abs=1e-12
    )


@settings(max_examples=60)
@given(corners, names, levels)
def test_intervals_mirror_lie_in_range_and_grow(
    table: PairedCounts, name: IntervalName, level: float
) -> None:
    method = interval_named(name)
    low, high = limits(method(table, level))
    assert -1 <= low <= high <= 1
    mirrored = method(swapped(table), level)
    assert (low, high) == pytest.approx((-mirrored.high, -mirrored.low), abs=1e-12)
    # The centre of Bonett & Price is drawn to 0, but at these levels never so far as to leave the estimate
    # out.
    assert low - 1e-12 <= table.difference <= high + 1e-12
    wider = method(table, (1 + level) / 2)
    assert wider.low <= low + 1e-12
    assert wider.high >= high - 1e-12


def test_at_a_low_level_bonett_and_price_leave_the_estimate_out() -> None:
    interval = bonett_price_interval(PairedCounts(0, 1, 0, 0), 0.5)
    assert interval.high < 1


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
def test_counting_pairs_ignores_their_order(rows: list[tuple[bool, bool]], random: object) -> None:
    first, second = np.array(rows).T
    table = paired_counts(first, second)
    cells = [(True, True), (True, False), (False, True), (False, False)]
    assert table == PairedCounts(*(rows.count(cell) for cell in cells))
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert paired_counts(*np.array(rows).T) == table


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.array([True, False]), np.array([True])),
        (np.array([], dtype=bool), np.array([], dtype=bool)),
        (np.array([1.0, float("nan")]), np.array([True, True])),
        (np.ones((2, 2), dtype=bool), np.ones((2, 2), dtype=bool)),
    ],
)
def test_pairs_that_cannot_be_counted_are_refused(first: np.ndarray, second: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two arrays of booleans"):
        paired_counts(first, second)


@settings(max_examples=60)
@given(corners, names, levels)
def test_difference(table: PairedCounts, name: IntervalName, level: float) -> None:
    result = difference(table, level, name)
    assert (result.estimate, result.interval, result.p, result.n) == (
        table.difference,
        interval_named(name)(table, level),
        mcnemar_midp(table),
        table.n,
    )
    assert 0 < mcnemar_midp(table) <= mcnemar_exact(table) <= 1


def test_the_signature_of_a_difference() -> None:
    assert difference(CAVO).signature.startswith(
        "test:mcnemar-midp|n:161|b:6|c:16|interval:newcombe|level:0.95|stylerep:"
    )


@settings(max_examples=60)
@given(counts, st.integers(1, 40), st.integers(1, 40))
def test_concordant_items_change_no_p(table: PairedCounts, right: int, wrong: int) -> None:
    more = PairedCounts(table.both + right, table.first, table.second, table.neither + wrong)
    assert difference(more).p == difference(table).p
    assert matched_odds_ratio(more).p == matched_odds_ratio(table).p


@settings(max_examples=60)
@given(counts, levels)
def test_the_odds_ratio_is_that_of_an_exact_binomial(table: PairedCounts, level: float) -> None:
    b, c = table.first, table.second
    result = matched_odds_ratio(table, level)
    if not b + c:
        assert isnan(result.estimate)
        assert (result.interval, result.p) == (None, 1.0)
        assert "undefined" in result.note
        return
    oracle = binomtest(b, b + c, 0.5)
    expected = oracle.proportion_ci(level, "exact")
    low, high = limits(result.interval)
    assert low / (1 + low) == pytest.approx(expected.low, abs=1e-10)
    assert (high / (1 + high) if high < inf else 1.0) == pytest.approx(expected.high, abs=1e-10)
    assert result.p == pytest.approx(oracle.pvalue, abs=1e-10)
    assert low <= result.estimate <= high
    assert (result.p < 1 - level) == (not low <= 1 <= high)


def test_the_ends_of_the_odds_ratio() -> None:
    assert matched_odds_ratio(PairedCounts(5, 3, 0, 5)).estimate == inf
    assert limits(matched_odds_ratio(PairedCounts(5, 3, 0, 5)).interval)[1] == inf
    assert matched_odds_ratio(PairedCounts(5, 0, 3, 5)).estimate == 0
    assert limits(matched_odds_ratio(PairedCounts(5, 0, 3, 5)).interval)[0] == 0


def posterior_below(t: float, b: float, c: float, concordant: float) -> float:
    """P(difference <= t), integrated the other way round: over the first run's part of the discordant
    share.
    """

    def density(r: float) -> float:
        tilt = 2 * r - 1
        if not tilt:
            return float(beta.pdf(r, b, c)) * (t >= 0)
        share = t / tilt
        return float(
            beta.pdf(r, b, c)
            * (beta.cdf(share, b + c, concordant) if tilt > 0 else beta.sf(share, b + c, concordant))
        )

    cuts = [0.0, *sorted({0.5, (1 + t) / 2, (1 - t) / 2, b / (b + c)}), 1.0]
    return float(sum(quad(density, low, high, epsabs=1e-12, limit=200)[0] for low, high in pairwise(cuts)))


@pytest.mark.parametrize(
    "table",
    [CAVO, BENTUR, PairedCounts(700, 100, 90, 310), PairedCounts(2, 0, 0, 1), PairedCounts(0, 3, 0, 0)],
)
@pytest.mark.parametrize("prior", [0.5, 1.0])
def test_the_posterior_agrees_with_another_integral(table: PairedCounts, prior: float) -> None:
    result = posterior_difference(table, 0.9, margin=0.03, prior=prior)
    shape = table.first + prior, table.second + prior, table.both + table.neither + 2 * prior
    low, high = limits(result.interval)
    assert (posterior_below(low, *shape), posterior_below(high, *shape)) == pytest.approx(
        (0.05, 0.95), abs=1e-8
    )
    assert result.settings["inside"] == pytest.approx(
        posterior_below(0.03, *shape) - posterior_below(-0.03, *shape), abs=1e-8
    )
    assert result.settings["above_0"] == pytest.approx(1 - posterior_below(0.0, *shape), abs=1e-8)
    assert result.estimate == pytest.approx((table.first - table.second) / (table.n + 4 * prior))


@settings(max_examples=25)
@given(corners)
def test_the_posterior_of_swapped_runs(table: PairedCounts) -> None:
    one, other = posterior_difference(table, margin=0.1), posterior_difference(swapped(table), margin=0.1)
    assert limits(one.interval) == pytest.approx(
        tuple(-end for end in reversed(limits(other.interval))), abs=1e-9
    )
    assert one.settings["inside"] == pytest.approx(other.settings["inside"], abs=1e-10)
    assert one.settings["above_0"] == pytest.approx(1 - float(str(other.settings["above_0"])), abs=1e-12)
    assert (one.p, limits(one.interval)[0] <= one.estimate <= limits(one.interval)[1]) == (None, True)


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_a_level_is_between_0_and_1(level: float) -> None:
    for method in (*INTERVALS.values(), matched_odds_ratio, posterior_difference):
        with pytest.raises(ValueError, match="level lies between 0 and 1"):
            method(CAVO, level)


def test_other_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="margin lies between"):
        posterior_difference(CAVO, margin=0.0)
    with pytest.raises(ValueError, match="prior count"):
        posterior_difference(CAVO, prior=0.0)
    with pytest.raises(ValueError, match="interval is one of newcombe, bonett-price, tango"):
        difference(CAVO, interval="wald")  # type: ignore[arg-type]
