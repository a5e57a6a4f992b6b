from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap, permutation_test, t, ttest_1samp
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from harness_ext.stats.crossed import crossed_mean, variance_split
from harness_ext.stats.resampling import (
    bca_interval,
    bootstrap_many,
    hierarchical_bootstrap,
    resamples,
    sign_flip,
    sign_flip_many,
)
from harness_ext.stats.result import Result

SEEDS = st.integers(0, 10_000)


def bounds(result: Result) -> tuple[float, float]:
    assert result.interval is not None
    return result.interval.low, result.interval.high


@given(st.lists(st.one_of(st.integers(-2, 2), st.floats(-3, 3)), min_size=1, max_size=9))
@settings(max_examples=40)
def test_few_items_are_enumerated(values: list[float]) -> None:
    d = np.array(values, dtype=float)
    sums = [abs(float(np.dot(signs, d))) for signs in product([-1, 1], repeat=len(d))]
    expected = np.mean([s >= abs(d.sum()) - 1e-9 * np.abs(d).sum() for s in sums])
    result = sign_flip(d)
    assert (result.p, result.method) == (pytest.approx(expected, abs=1e-12), "sign-flip-exact")


def test_enumeration_agrees_with_scipy() -> None:
    d = np.random.default_rng(0).normal(0.5, 1, 12)
    theirs = permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(d).p == pytest.approx(theirs.pvalue, abs=1e-10)


def test_flips_of_right_and_wrong_are_binomial() -> None:
    d = np.array([1.0] * 40 + [-1.0] * 22 + [0.0] * 138)
    exact = 2 * binom.cdf(22, 62, 0.5)
    draws = 40_000
    assert sign_flip(d, draws, 3).p == pytest.approx(exact, abs=4 * np.sqrt(exact / draws))


@pytest.mark.parametrize("kind", ["binary", "thirds", "normal"])
def test_a_row_of_many_is_the_one(kind: str) -> None:
    rng = np.random.default_rng(0)
    d = {
        "binary": rng.integers(-1, 2, (40, 300)) * 1.0,
        "thirds": rng.integers(-3, 4, (40, 300)) / 3,
        "normal": rng.normal(size=(40, 300)),
    }[kind]
    d[::2] += {"binary": 0.0, "thirds": 0.0, "normal": 0.1}[kind]
    p = sign_flip_many(d, 3000, 5)
    assert [sign_flip(row, 3000, 5).p for row in d[:10]] == p[:10].tolist()
    intervals = bootstrap_many(d, 3000, 5)
    assert [bounds(bca_interval(row, draws=3000, seed=5)) for row in d[:10]] == [
        pytest.approx(tuple(pair), abs=1e-14) for pair in intervals[:10]
    ]


def test_rows_of_all_kinds_keep_their_places() -> None:
    rng = np.random.default_rng(1)
    kinds = [
        rng.integers(-1, 2, 200) * 1.0,
        rng.normal(size=200),
        rng.integers(-4, 5, 200) / 4,
        np.zeros(200),
        rng.integers(-3, 4, 200) / 3,
    ]
    together = sign_flip_many(np.stack(kinds), 2000, 1)
    assert together.tolist() == [sign_flip(row, 2000, 1).p for row in kinds]
    assert together[3] == 1
    intervals = bootstrap_many(np.stack(kinds), 2000, 1)
    assert np.isnan(intervals[:, 0]).tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("unit", [1, 3, 4, 10, 1e-7, np.pi])
def test_ties_do_not_hang_on_the_unit(unit: float) -> None:
    d = np.random.default_rng(2).integers(-3, 4, 150) + 0.0
    assert sign_flip(d / unit, 5000, 0).p == sign_flip(d, 5000, 0).p
    assert bounds(bca_interval(d / unit)) == pytest.approx(
        [bound / unit for bound in bounds(bca_interval(d))], rel=1e-9
    )


def test_p_is_never_zero_and_repeats() -> None:
    d = np.random.default_rng(3).normal(5, 1, 100)
    assert sign_flip(d, 999, 0).p == 0.001
    weak = d - 4.9
    assert sign_flip(weak, 999, 0).p == sign_flip(weak, 999, 0).p != sign_flip(weak, 999, 1).p
    assert bca_interval(weak, draws=999) == bca_interval(weak, draws=999)
    assert sign_flip(weak, 999, 4).signature.startswith("test:sign-flip|n:100|draws:999|seed:4|stylerep:")


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_swapping_runs(seed: int) -> None:
    d = np.random.default_rng(seed).normal(0.2, 1, 40)
    assert sign_flip(-d, 500, 0).p == sign_flip(d, 500, 0).p
    assert bounds(bca_interval(-d, draws=500)) == pytest.approx(
        [-x for x in bounds(bca_interval(d, draws=500))[::-1]], abs=1e-9
    )


@pytest.mark.parametrize(("d", "level"), [("skewed", 0.95), ("skewed", 0.9), ("binary", 0.95)])
def test_bca_agrees_with_scipy_over_the_same_resamples(d: str, level: float) -> None:
    rng = np.random.default_rng(4)
    x = rng.exponential(size=80) - 0.6 if d == "skewed" else rng.integers(-1, 2, 80) * 1.0
    same = SimpleNamespace(bootstrap_distribution=resamples(x[None], 4000, 7)[0] / 80)
    theirs = bootstrap(
        (x,),
        np.mean,
        n_resamples=0,
        bootstrap_result=same,
        confidence_level=level,
        method="BCa",
        vectorized=True,
    )
    assert bounds(bca_interval(x, level, 4000, 7)) == pytest.approx(
        tuple(theirs.confidence_interval), abs=1e-10
    )


def test_bca_agrees_with_scipys_own_resamples() -> None:
    x = np.random.default_rng(5).exponential(size=100)
    theirs = bootstrap(
        (x,), np.mean, n_resamples=20_000, batch=1000, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert bounds(bca_interval(x, draws=20_000)) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def crossed(
    seed: int, seeds: int = 4, n: int = 150, by_seed: float = 0.3, by_item: float = 1.0, residual: float = 0.5
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (
        by_seed * rng.normal(size=(seeds, 1))
        + by_item * rng.normal(size=n)
        + residual * rng.normal(size=(seeds, n))
    )


@pytest.mark.parametrize("seed", range(3))
def test_variance_split_agrees_with_statsmodels(seed: int) -> None:
    x = crossed(seed, n=30)
    table = pd.DataFrame({"y": x.ravel(), "s": np.repeat(range(4), 30), "i": np.tile(range(30), 4)})
    squares = anova_lm(ols("y ~ C(s) + C(i)", table).fit())
    by_seed, by_item, rest = squares["sum_sq"] / squares["df"]
    split = variance_split(x)
    assert (split.seed, split.item, split.residual) == pytest.approx(
        ((by_seed - rest) / 30, (by_item - rest) / 4, rest), abs=1e-10
    )
    whole = by_seed + by_item - rest
    assert split.seed_share == pytest.approx((by_seed - rest) / whole, abs=1e-10)
    assert split.seed_share + split.item_share + split.residual_share == pytest.approx(1)


def test_variance_is_found_where_it_is() -> None:
    assert variance_split(crossed(0, by_seed=2, by_item=0.1)).seed_share > 0.9
    assert variance_split(crossed(0, by_seed=0, residual=0.1)).item_share > 0.9
    assert variance_split(np.zeros((2, 3))).residual_share == 0
    assert (
        min(
            variance_split(np.array([[0.0, 1.0], [1.0, 0.0]])).seed,
            variance_split(np.array([[0.0, 1.0], [1.0, 0.0]])).item,
        )
        == 0
    )


def test_crossed_intervals_match_the_variance_of_the_mean() -> None:
    x = crossed(1, seeds=5, n=400, by_seed=0.05, residual=0.2)
    low, high = bounds(hierarchical_bootstrap(x, draws=4000))
    inner, outer = bounds(crossed_mean(x))
    split = variance_split(x)
    expected = 2 * 1.96 * np.sqrt(split.seed / 5 + split.item / 400 + split.residual / 2000)
    assert high - low == pytest.approx(expected, rel=0.06)
    assert expected <= outer - inner <= 1.25 * expected
    by_hand = 2 * np.hypot(
        t.ppf(0.975, 4) * np.sqrt(split.seed / 5 + split.residual / 2000),
        t.ppf(0.975, 399) * np.sqrt(split.item / 400),
    )
    assert outer - inner == pytest.approx(by_hand)


def test_crossed_t_is_a_t_test_of_seed_means_where_only_seeds_differ() -> None:
    means = np.array([0.1, 0.4, 0.2])
    low, high = bounds(crossed_mean(np.repeat(means[:, None], 50, axis=1)))
    assert (high - low) / 2 == pytest.approx(4.302652729911275 * means.std(ddof=1) / np.sqrt(3))


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_crossed_p_is_where_the_interval_meets_zero(seeds: int) -> None:
    x = crossed(2, seeds=seeds, by_seed=0.05) + 0.3
    p = crossed_mean(x).p
    assert p is not None
    assert min(abs(bound) for bound in bounds(crossed_mean(x, 1 - p))) == pytest.approx(0, abs=1e-9)
    assert crossed_mean(x - x.mean()).p == pytest.approx(1)
    assert crossed_mean(np.repeat([[0.1], [0.2], [0.3]], 9, axis=1)).p == pytest.approx(
        ttest_1samp([0.1, 0.2, 0.3], 0).pvalue
    )
    low, high = bounds(crossed_mean([[0.0, 1.0], [1.0, 0.0]]))
    assert low < 0.5 < high


@pytest.mark.parametrize("by_seed", [0.0, 0.05, 0.3])
def test_crossed_intervals_cover(by_seed: float) -> None:
    held = [
        low <= 0 <= high
        for low, high in (
            bounds(crossed_mean(crossed(seed, seeds=3, n=60, by_seed=by_seed, by_item=0.4)))
            for seed in range(600)
        )
    ]
    assert 0.93 < np.mean(held) < 0.99


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_crossed_results_ignore_order_and_shift_and_flip(seed: int) -> None:
    x, rng = crossed(seed, n=20), np.random.default_rng(seed)
    for analysis in (crossed_mean, lambda v: hierarchical_bootstrap(v, draws=200)):
        assert bounds(analysis(-x)) == pytest.approx([-b for b in bounds(analysis(x))[::-1]], abs=1e-9)
        assert bounds(analysis(3 * x)) == pytest.approx([3 * b for b in bounds(analysis(x))], abs=1e-9)
        assert bounds(analysis(x + 1)) == pytest.approx([b + 1 for b in bounds(analysis(x))], abs=1e-9)
    shuffled = x[rng.permutation(4)][:, rng.permutation(20)]
    assert bounds(crossed_mean(shuffled)) == pytest.approx(bounds(crossed_mean(x)), abs=1e-10)


def test_what_cannot_be_known_is_said() -> None:
    for analysis in (crossed_mean, hierarchical_bootstrap):
        assert "one seed" in analysis([[0.1, 0.2, 0.4]]).note
        assert "spread" in analysis(np.full((3, 4), 0.2)).note
        assert analysis(np.full((3, 4), 0.2)).interval is None
    assert bca_interval([0.5]).interval is None
    assert "spread" in bca_interval([0.5, 0.5]).note
    assert sign_flip([0.5]).p == 1
    with pytest.raises(ValueError, match="two seeds"):
        variance_split([[1.0, 2.0]])


@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [[1.0]]])
def test_malformed_differences_are_refused(bad) -> None:  # type: ignore[no-untyped-def]
    for analysis in (sign_flip, bca_interval):
        with pytest.raises(ValueError, match="d "):
            analysis(bad)


def test_malformed_tables_and_settings_are_refused() -> None:
    for analysis in (sign_flip_many, bootstrap_many, hierarchical_bootstrap, crossed_mean, variance_split):
        with pytest.raises(ValueError, match="matrix"):
            analysis([1.0, 2.0])
        with pytest.raises(ValueError, match="NaN"):
            analysis([[1.0, float("nan")], [1.0, 2.0]])
    with pytest.raises(ValueError, match="draw"):
        sign_flip([1.0, 2.0], draws=0)
    with pytest.raises(ValueError, match="level"):
        bca_interval([1.0, 2.0], level=1)
