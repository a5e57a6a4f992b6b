import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel, wilcoxon
from statsmodels.stats.weightstats import ttost_paired

from harness_ext.stats.means import (
    clustered_mean,
    hodges_lehmann,
    item_means,
    length_controlled,
    paired_t,
    tost_clustered,
    tost_means,
)
from harness_ext.stats.result import Result

LEVELS = st.sampled_from([0.8, 0.9, 0.95, 0.99])
SEEDS = st.integers(0, 10_000)


def drawn(seed: int, n: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.3, 1, n)


def bounds(result: Result) -> tuple[float, float]:
    assert result.interval is not None
    return result.interval.low, result.interval.high


def test_samples_of_an_item_are_averaged() -> None:
    names, means = item_means([1, 0, 1, 1, 0, 0], ["b", "a", "b", "a", "b", "a"])
    assert names == ["b", "a"]
    assert means == pytest.approx([2 / 3, 1 / 3])


@given(SEEDS, LEVELS)
@settings(max_examples=25)
def test_paired_t_agrees_with_scipy(seed: int, level: float) -> None:
    a, b = drawn(seed), drawn(seed + 1)
    ours, theirs = paired_t(a - b, level), ttest_rel(a, b)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-10)
    assert bounds(ours) == pytest.approx(tuple(theirs.confidence_interval(level)), abs=1e-10)


@given(SEEDS, st.floats(0.01, 1), st.sampled_from([0.01, 0.05, 0.1]))
@settings(max_examples=25)
def test_tost_agrees_with_statsmodels(seed: int, margin: float, alpha: float) -> None:
    a, b = drawn(seed), drawn(seed + 1)
    ours = tost_means(a - b, margin, alpha)
    assert ours.p == pytest.approx(ttost_paired(a, b, -margin, margin)[0], abs=1e-10)
    low, high = bounds(ours)
    assert (-margin < low and high < margin) == (ours.p < alpha)


def test_clusters_of_one_size_agree_with_statsmodels() -> None:
    d, clusters = drawn(0, 60) + np.repeat(drawn(1, 12), 5), np.repeat(np.arange(12), 5)
    ours = clustered_mean(d, clusters.tolist())
    theirs = sm.OLS(d, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    assert bounds(ours) == pytest.approx(tuple(theirs.conf_int()[0]), abs=1e-10)
    assert ours.p == pytest.approx(theirs.pvalues[0], abs=1e-10)
    assert (ours.n, ours.settings["df"]) == (12, pytest.approx(11))


def root(a: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(a)
    return np.asarray(vectors @ np.diag(values**power) @ vectors.T)


@pytest.mark.parametrize("seed", range(6))
def test_cr2_and_its_degrees_of_freedom_agree_with_the_matrix_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clusters = np.sort(rng.integers(0, 7, 40))
    d = rng.normal(size=40) + (seed < 4) * rng.normal(size=7)[clusters]
    if seed > 3:  # clusters more alike than by chance
        d -= 0.8 * np.array([d[clusters == g].mean() for g in clusters])
    ours = clustered_mean(d, clusters.tolist(), 0.9)
    icc = ours.settings["icc"]
    assert isinstance(icc, float)
    assert (icc > 0) == (seed < 4)
    # Pustejovsky & Tipton (2018) with an exchangeable working covariance.
    away, working = (
        np.eye(40) - np.ones((40, 40)) / 40,
        (1 - icc) * np.eye(40) + icc * (clusters[:, None] == clusters),
    )
    parts, columns = [], []
    for g in np.unique(clusters):
        rows = np.flatnonzero(clusters == g)
        own = root(working[np.ix_(rows, rows)], 0.5)
        residuals = away[rows] @ working @ away[rows].T
        adjusted = own @ root(own @ residuals @ own, -0.5) @ own @ np.ones(len(rows))
        parts.append(float((adjusted @ (d - d.mean())[rows]) ** 2) / 40**2)
        columns.append(away[:, rows] @ adjusted / 40)
    gram = np.stack(columns) @ working @ np.stack(columns).T
    df = np.trace(gram) ** 2 / (gram**2).sum()
    assert ours.settings["df"] == pytest.approx(df, abs=1e-10)
    low, high = bounds(ours)
    assert (low + high) / 2 == pytest.approx(d.mean())
    assert (high - low) / 2 == pytest.approx(t.ppf(0.95, df) * np.sqrt(sum(parts)), abs=1e-10)


def test_the_correlation_within_clusters_is_that_of_a_mixed_model() -> None:
    clusters = np.repeat(np.arange(12), 5)
    d = drawn(0, 60) + np.repeat(drawn(1, 12), 5)
    groups = pd.Series(clusters)
    fit = sm.MixedLM(d, np.ones(60), groups).fit(reml=True)  # equals ANOVA where clusters have one size
    between = float(np.asarray(fit.cov_re)[0, 0])
    assert clustered_mean(d, clusters.tolist()).settings["icc"] == pytest.approx(
        between / (between + fit.scale), abs=1e-4
    )


def test_few_large_clusters_do_not_make_the_test_reject_too_often() -> None:
    rng, rejected = np.random.default_rng(0), 0
    codes = np.repeat(np.arange(10), [60, 40, 30, 20, 15, 10, 10, 5, 5, 5])
    for _ in range(1000):
        d = rng.normal(size=200) + rng.choice([-1.0, 1.0], 10)[codes]
        p = clustered_mean(d, codes.tolist()).p
        assert p is not None
        rejected += p <= 0.05
    assert rejected / 1000 < 0.09  # 0.129 with the correction and degrees of freedom for independent items


@given(SEEDS)
@settings(max_examples=20)
def test_clusters_of_one_item_are_no_clusters(seed: int) -> None:
    d = drawn(seed, 12)
    assert bounds(clustered_mean(d, range(12))) == pytest.approx(bounds(paired_t(d)))
    assert tost_clustered(d, range(12), 0.5).p == pytest.approx(tost_means(d, 0.5).p)


def walsh(d: np.ndarray) -> np.ndarray:
    i, j = np.triu_indices(len(d))
    return np.sort((d[i] + d[j]) / 2)


@given(st.lists(st.integers(-20, 20), min_size=6, max_size=40))
@settings(max_examples=15, deadline=None)
def test_hodges_lehmann_is_the_median_walsh_average(values: list[int]) -> None:
    d = np.array(values) / 7
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = hodges_lehmann(d)
    assert ours.estimate == pytest.approx(np.median(walsh(d)), abs=1e-12)
    assert np.abs(walsh(d)[:, None] - np.array(bounds(ours))).min(axis=0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("n", "level"), [(6, 0.95), (9, 0.9), (25, 0.95), (50, 0.99)])
def test_hodges_lehmann_interval_inverts_the_signed_rank_test(n: int, level: float) -> None:
    d = drawn(n, n)
    for bound, inwards in zip(bounds(hodges_lehmann(d, level)), (1, -1), strict=True):
        assert wilcoxon(d - bound - inwards * 1e-9, method="exact").pvalue > 1 - level
        assert wilcoxon(d - bound + inwards * 1e-9, method="exact").pvalue <= 1 - level


def test_hodges_lehmann_of_many_items() -> None:
    d = np.random.default_rng(0).standard_cauchy(20_000) + 0.1
    low, high = bounds(hodges_lehmann(d))
    assert low < 0.1 < high < low + 0.2
    ranks = walsh(d[:1000])
    assert hodges_lehmann(d[:1000]).estimate == pytest.approx(np.median(ranks), abs=1e-12)
    assert bounds(hodges_lehmann(d[:1000])) == pytest.approx(tuple(wilcoxon_bounds(ranks, 1000)), abs=1e-12)


def wilcoxon_bounds(ranks: np.ndarray, n: int) -> tuple[float, float]:
    rank = int(n * (n + 1) / 4 - 1.959963984540054 * np.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    return ranks[rank - 1], ranks[len(ranks) - rank]


def test_length_control_agrees_with_statsmodels() -> None:
    y, z = drawn(3), drawn(4)
    theirs = sm.OLS(y, sm.add_constant(z)).fit(cov_type="HC3", use_t=True)
    ours = length_controlled(y, z, 0.9)
    assert ours.estimate == pytest.approx(theirs.params[0], abs=1e-10)
    assert bounds(ours) == pytest.approx(tuple(theirs.conf_int(0.1)[0]), abs=1e-10)
    assert ours.p == pytest.approx(theirs.pvalues[0], abs=1e-10)


def test_a_difference_that_length_explains_goes_away() -> None:
    z = drawn(5, 200) + 1
    result = length_controlled(2 * z + drawn(6, 200) - 0.3, z)
    low, high = bounds(result)
    assert low < 0 < high
    assert result.settings["slope"] == pytest.approx(2, abs=0.3)


ANALYSES = [
    paired_t,
    hodges_lehmann,
    lambda d: tost_means(d, 0.5),
    lambda d: clustered_mean(d, np.arange(len(d)) // 2),
]


@pytest.mark.parametrize("analysis", ANALYSES)
@given(seed=SEEDS)
@settings(max_examples=15)
def test_swapping_runs_flips_the_sign(analysis, seed: int) -> None:  # type: ignore[no-untyped-def]
    one, other = analysis(drawn(seed)), analysis(-drawn(seed))
    assert one.estimate == pytest.approx(-other.estimate, abs=1e-12)
    assert bounds(one) == pytest.approx([-x for x in bounds(other)[::-1]], abs=1e-12)
    assert one.p == pytest.approx(other.p, abs=1e-12)


@pytest.mark.parametrize("analysis", ANALYSES[:3])
@given(seed=SEEDS)
@settings(max_examples=15)
def test_neither_order_nor_a_constant_in_both_runs_matters(analysis, seed: int) -> None:  # type: ignore[no-untyped-def]
    a, b = drawn(seed), drawn(seed + 1)
    plain, moved = analysis(a - b), analysis(((a + 5) - (b + 5))[np.random.default_rng(seed).permutation(30)])
    assert (plain.estimate, *bounds(plain), plain.p) == pytest.approx(
        (moved.estimate, *bounds(moved), moved.p), abs=1e-10
    )


@pytest.mark.parametrize("analysis", [ANALYSES[0], ANALYSES[1], ANALYSES[3]])
@given(seed=SEEDS, factor=st.floats(1e-6, 1e6))
@settings(max_examples=15)
def test_scaling_scales(analysis, seed: int, factor: float) -> None:  # type: ignore[no-untyped-def]
    plain, scaled = analysis(drawn(seed)), analysis(factor * drawn(seed))
    assert bounds(scaled) == pytest.approx([factor * x for x in bounds(plain)], rel=1e-9)
    assert scaled.p == pytest.approx(plain.p, abs=1e-9)


@pytest.mark.parametrize("d", [[0.5], [0.1 + 0.2, 0.3, 0.3], [0.0] * 8])
def test_without_spread_there_is_no_interval(d: list[float]) -> None:
    for result in (
        paired_t(d),
        tost_means(d, 0.1),
        clustered_mean(d, range(len(d))),
        tost_clustered(d, range(len(d)), 0.1),
    ):
        assert result.estimate == pytest.approx(np.mean(d))
        assert (result.interval, result.p) == (None, None)
        assert "spread" in result.note
        assert "stylerep" in result.signature


def test_few_items_or_one_cluster_are_said() -> None:
    assert "too few" in hodges_lehmann(drawn(0, 5)).note
    assert hodges_lehmann([2.0]).estimate == 2
    assert clustered_mean(drawn(0, 8), ["a"] * 8).interval is None
    assert "equal" in length_controlled(drawn(0, 8), [1.0] * 8).note
    assert "HC3" in length_controlled(drawn(0, 8), [0.0] * 7 + [1.0]).note
    assert length_controlled([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).interval is None


@pytest.mark.parametrize(
    "analysis", [paired_t, hodges_lehmann, lambda d: tost_means(d, 0.1), lambda d: clustered_mean(d, [0, 1])]
)
@pytest.mark.parametrize("bad", [[], [1.0, float("nan")], [1.0, float("inf")], [[1.0], [2.0]]])
def test_malformed_differences_are_refused(analysis, bad) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="d "):
        analysis(bad)


def test_settings_out_of_range_are_refused() -> None:
    for level in (0, 1, 95):
        with pytest.raises(ValueError, match="level"):
            paired_t([1, 2], level)
    for margin, alpha in ((0, 0.05), (-1, 0.05), (float("inf"), 0.05)):
        with pytest.raises(ValueError, match="margin"):
            tost_means([1, 2], margin, alpha)
    with pytest.raises(ValueError, match="alpha"):
        tost_means([1, 2], 1, 0.5)
    with pytest.raises(ValueError, match="length"):
        clustered_mean([1, 2], ["a"])
    with pytest.raises(ValueError, match="length"):
        item_means([1, 2], ["a"])
    with pytest.raises(ValueError, match="length"):
        length_controlled([1, 2, 3], [1, 2])
