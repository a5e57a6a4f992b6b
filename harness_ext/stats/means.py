"""Means of paired differences: several samples per item, templated items, outliers, length.

A difference is always *first minus second*, one number per item, in the unit of the outcome. Where the spread
cannot be estimated (one item, or all differences equal) `interval` and `p` are None and `note` says so.
"""

from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_equivalence, check_level, flat, vector
from harness_ext.stats.proportion import Interval
from harness_ext.stats.result import Result
from harness_ext.stats.signed_rank import signed_rank_p
from harness_ext.stats.tails import norm, t
from harness_ext.stats.walsh_averages import WalshAverages

_NO_SPREAD = "all differences are equal, or there is one only: their spread cannot be estimated"
_FEW = 50
"""Up to this many items scipy counts p out where it can."""
_EXACT_RANKS = 100
"""Up to this many items the signed-rank distribution is counted out; beyond, it is taken as normal."""


def item_means(values: npt.ArrayLike, items: Sequence[Hashable]) -> tuple[list[Hashable], FloatArray]:
    """Average the samples of each item; return the items in order of appearance and their means.

    Samples of one item are no independent observations: tests take the means (Miller 2024, arXiv:2411.00640).
    """
    x = vector("values", values)
    if len(items) != len(x):
        raise ValueError(f"values and items differ in length: {len(x)} and {len(items)}")
    names = list(dict.fromkeys(items))
    codes = _codes(items, names)
    return names, np.bincount(codes, weights=x) / np.bincount(codes)


def paired_t(d: npt.ArrayLike, level: float = 0.95) -> Result:
    """Student's t interval and two-sided p of a mean difference (Student 1908, Biometrika 6:1),
    on n − 1 degrees of freedom.
    """
    x = vector("d", d)
    check_level(level)
    return _t_result(float(x.mean()), _t_error(x), len(x) - 1, len(x), level, "paired-t")


def tost_means(d: npt.ArrayLike, margin: float, alpha: float = 0.05) -> Result:
    """Test equivalence of means within ± *margin* by two one-sided t tests (Schuirmann 1987,
    J Pharmacokinet Biopharm 15:657).

    `p` is the larger one-sided p and `interval` has level 1 − 2·alpha: equivalent where it lies inside ±
    margin. *margin* is in the unit of *d*, and must be chosen before looking.
    """
    x = vector("d", d)
    return _tost_result(float(x.mean()), _t_error(x), len(x) - 1, len(x), margin, alpha, "tost-t")


def clustered_mean(d: npt.ArrayLike, clusters: Sequence[Hashable], level: float = 0.95) -> Result:
    """Return the mean over items with a cluster-robust interval,
    for items written from one template or asked of one passage.

    The variance is CR2 of an intercept-only regression, in closed form Σ a_g s_g²/n² where s_g sums the
    residuals of cluster g and a_g makes the estimate unbiased if items of one cluster correlate by ρ, with
    Satterthwaite degrees of freedom under the same ρ (Bell & McCaffrey 2002, Surv Methodol 28:169;
    Pustejovsky & Tipton 2018, J Bus Econ Stat 36:672): clusters − 1 where clusters have one size, fewer where
    they do not. ρ, in `settings` as `icc`, is the ANOVA estimate, not below 0 (Searle, Casella & McCulloch
    1992, Variance Components, section
    3.6). To take ρ as 0 throughout, as Bell & McCaffrey do, makes intervals too short where a few of the
    clusters are large (Imbens & Kolesár 2016, Rev Econ Stat 98:701). See Miller 2024, arXiv:2411.00640, for
    why clusters matter. With one item per cluster it is the paired t. `n` counts clusters.
    """
    x, error, df, count, icc = _clustered(d, clusters)
    check_level(level)
    return _t_result(float(x.mean()), error, df, count, level, "cluster-cr2-t", items=len(x), icc=icc)


def tost_clustered(
    d: npt.ArrayLike, clusters: Sequence[Hashable], margin: float, alpha: float = 0.05
) -> Result:
    """Test equivalence of means as `tost_means` does,
    with the error and degrees of freedom of `clustered_mean`.
    """
    x, error, df, count, icc = _clustered(d, clusters)
    return _tost_result(
        float(x.mean()), error, df, count, margin, alpha, "tost-cluster-cr2", items=len(x), icc=icc
    )


def hodges_lehmann(d: npt.ArrayLike, level: float = 0.95) -> Result:
    """Return the pseudomedian with the interval that inverts Wilcoxon's signed-rank test (Hodges & Lehmann
    1963, Ann Math Stat 34:598).

    The estimate is the median of the n(n+1)/2 Walsh averages (d_i + d_j)/2, i ≤ j, and the interval lies
    between two of them (Hollander, Wolfe & Chicken 2014, chapter 3): ranks counted out up to 100 items, by
    the normal approximation beyond. Up to 100 it covers at least *level*; ties widen it. `p` is the
    signed-rank test's, zeros handled by Pratt (1959, JASA 54:655). Time n log n and memory n at any n. The
    interval is None where n is too small for the level (n < 6 at 0.95).
    """
    x = np.sort(vector("d", d))
    check_level(level)
    n = len(x)
    total = n * (n + 1) // 2
    middle = sorted({(total + 1) // 2, total // 2 + 1})
    averages = WalshAverages(x)
    estimate = float(np.mean([averages.at(rank) for rank in middle]))
    p = 1.0
    if x.any() and n > _FEW:
        p = signed_rank_p(x)
    elif x.any():
        from scipy.stats import wilcoxon  # takes a while to import

        p = float(wilcoxon(x, zero_method="pratt").pvalue)
    rank = _signed_rank_quantile(n, (1 - level) / 2)
    if rank < 1:
        return Result(
            estimate,
            None,
            p,
            n,
            "hodges-lehmann",
            {"level": level},
            f"{n} items are too few for an interval of level {level:g}",
        )
    return Result(
        estimate, Interval(averages.at(rank), averages.at(total + 1 - rank), level), p, n, "hodges-lehmann"
    )


def length_controlled(
    difference: npt.ArrayLike, length_difference: npt.ArrayLike, level: float = 0.95
) -> Result:
    """Return the style difference to expect at equal length:
    the intercept of a regression on paired differences of (log) length.

    Least squares with HC3 standard errors (MacKinnon & White 1985,
    J Econom 29:305) and a t interval on n − 2 degrees of freedom.
    """
    y = vector("difference", difference, at_least=3)
    z = vector("length_difference", length_difference)
    check_level(level)
    if len(y) != len(z):
        raise ValueError(f"difference and length_difference differ in length: {len(y)} and {len(z)}")
    if flat(z):
        return Result(
            float("nan"),
            None,
            None,
            len(y),
            "length-controlled-hc3",
            {"level": level},
            "all length differences are equal: nothing to control by",
        )
    x = np.column_stack([np.ones(len(z)), z])
    inverse = np.linalg.pinv(x)
    leverage = (x * inverse.T).sum(axis=1)
    intercept, slope = inverse @ y
    residual = y - intercept - slope * z
    if leverage.max() > 1 - 1e-10:
        note = "one item alone has another length difference: HC3 errors do not exist"
        return Result(
            float(intercept),
            None,
            None,
            len(y),
            "length-controlled-hc3",
            {"level": level, "slope": float(slope)},
            note,
        )
    exact = np.abs(residual).max() <= 1e-12 * np.abs(y).max()
    error = None if exact else float(np.linalg.norm(inverse[0] * residual / (1 - leverage)))
    return _t_result(
        float(intercept), error, len(y) - 2, len(y), level, "length-controlled-hc3", slope=float(slope)
    )


def _codes(items: Sequence[Hashable], names: Sequence[Hashable]) -> npt.NDArray[np.intp]:
    place = {name: i for i, name in enumerate(names)}
    return np.fromiter((place[item] for item in items), dtype=np.intp, count=len(items))


def _t_error(x: FloatArray) -> float | None:
    return None if flat(x) else float(x.std(ddof=1)) / sqrt(len(x))


def _t_result(
    estimate: float, error: float | None, df: float, n: int, level: float, method: str, **settings: object
) -> Result:
    if error is None:
        return Result(estimate, None, None, n, method, {**settings, "level": level}, _NO_SPREAD)
    half = float(t.ppf((1 + level) / 2, df)) * error
    p = 2 * float(t.sf(abs(estimate) / error, df))
    return Result(
        estimate,
        Interval(estimate - half, estimate + half, level),
        p,
        n,
        method,
        {**settings, "df": float(df)},
    )


def _tost_result(
    estimate: float,
    error: float | None,
    df: float,
    n: int,
    margin: float,
    alpha: float,
    method: str,
    **settings: object,
) -> Result:
    check_equivalence(margin, alpha)
    settings = {**settings, "margin": float(margin), "alpha": alpha}
    if error is None:
        return Result(estimate, None, None, n, method, settings, _NO_SPREAD)
    half = float(t.ppf(1 - alpha, df)) * error
    p = float(t.sf((margin - abs(estimate)) / error, df))
    return Result(
        estimate,
        Interval(estimate - half, estimate + half, 1 - 2 * alpha),
        p,
        n,
        method,
        {**settings, "df": float(df)},
    )


def _clustered(
    d: npt.ArrayLike, clusters: Sequence[Hashable]
) -> tuple[FloatArray, float | None, float, int, float]:
    """Return the differences, the CR2 standard error of their mean, its degrees of freedom, the number of
    clusters and their correlation.
    """
    x = vector("d", d)
    if len(clusters) != len(x):
        raise ValueError(f"d and clusters differ in length: {len(x)} and {len(clusters)}")
    codes = _codes(clusters, list(dict.fromkeys(clusters)))
    sizes = np.bincount(codes)
    if len(sizes) < 2 or flat(x):
        return x, None, len(sizes) - 1, len(sizes), 0.0
    share, sums = sizes / len(x), np.bincount(codes, weights=x - x.mean())
    icc = _intraclass(x, codes, sizes)
    # Variances of the clusters' sums, and of their sums of residuals, if items of a cluster correlate by icc.
    true = (1 - icc) * sizes + icc * sizes**2
    seen = true * (1 - 2 * share) + share**2 * true.sum()
    raised = true / seen
    error = sqrt(float((raised * sums**2).sum())) / len(x)
    # The squared covariances of sums of residuals, true.sum() w_g w_h − w_g true_h − true_g w_h off the
    # diagonal, without a matrix of clusters.
    ww, tt, wt = (float((raised * product).sum()) for product in (share**2, true**2, share * true))
    whole = float(true.sum())
    every = 2 * ww * tt + (whole * ww) ** 2 + 2 * wt**2 - 4 * whole * ww * wt
    df = whole**2 / (every + float((raised**2 * (seen**2 - (seen - true) ** 2)).sum()))
    settled = error > 1e-12 * float(np.abs(x).max())
    return x, error if settled else None, df, len(sizes), icc


def _intraclass(x: FloatArray, codes: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]) -> float:
    """Return the ANOVA estimate of the correlation of items of one cluster, not below 0;
    0 where all clusters are of one item.
    """
    n, count = len(x), len(sizes)
    if n == count:
        return 0.0
    means = np.bincount(codes, weights=x) / sizes
    within = float(((x - means[codes]) ** 2).sum()) / (n - count)
    between = float((sizes * (means - x.mean()) ** 2).sum()) / (count - 1)
    cluster = max(0.0, (between - within) * (count - 1) / (n - float((sizes**2).sum()) / n))
    return cluster / (cluster + within) if cluster else 0.0


def _signed_rank_quantile(n: int, tail: float) -> int:
    """Return the least rank r with P(T ≤ r) at least *tail*,
    T the signed-rank statistic of n items without ties.
    """
    if n > _EXACT_RANKS:
        return int(n * (n + 1) / 4 + float(norm.ppf(tail)) * sqrt(n * (n + 1) * (2 * n + 1) / 24))
    chances = np.ones(1)
    for rank in range(1, n + 1):
        wider = np.zeros(len(chances) + rank)
        wider[: len(chances)] += chances / 2
        wider[rank:] += chances / 2
        chances = wider
    return int(np.searchsorted(np.cumsum(chances), tail * (1 - 1e-12)))
