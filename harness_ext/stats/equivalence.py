"""Are two accuracies comparable? Tests against a margin that was declared before looking."""

from collections.abc import Callable

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.paired import IntervalName, PairedCounts, interval_named
from harness_ext.stats.proportion import between_0_and_1
from harness_ext.stats.result import Result
from harness_ext.stats.tails import norm

_FARTHEST = 8.0
"""The normal quantile at which the search for a p by inversion ends;
beyond it p is that of this quantile, below 1e-15.
"""


def tost_counts(
    counts: PairedCounts, margin: float, alpha: float = 0.05, interval: IntervalName = "newcombe"
) -> Result:
    """Test whether the difference lies inside ± *margin*, by two one-sided tests (Schuirmann 1987, J
    Pharmacokinet Biopharm 15:657).

    `interval` has the level 1 - 2 *alpha*, *alpha* between 0 and 1/2, and p is the smallest alpha at which it
    lies inside ± *margin*: the greater p of the two one-sided tests whose limits it holds. With "tango" they
    are the score tests (Tango 1998, Stat Med 17:891). A p above 1/2 says that the estimate of the method is
    outside. *margin* lies between 0 and 1.
    """
    between_0_and_1("a margin", margin)
    above, below = (p_above(table, -margin, interval) for table in (counts, counts.swapped()))
    return _result(counts, margin, alpha, interval, "tost", max(above, below))


def noninferiority_counts(
    counts: PairedCounts, margin: float, alpha: float = 0.05, interval: IntervalName = "newcombe"
) -> Result:
    """Test whether the first run is less than *margin* below the second:
    one of the two tests of `tost_counts`.

    The lower limit of `interval`, of level 1 - 2 *alpha*, is above -*margin* where p is below *alpha*.
    """
    return _result(
        counts,
        margin,
        alpha,
        interval,
        "noninferiority",
        p_above(counts, -between_0_and_1("a margin", margin), interval),
    )


def tost_level(alpha: float) -> float:
    """Return the level of the interval that belongs to two one-sided tests, 1 - 2 *alpha*;
    ValueError unless alpha lies between 0 and 1/2.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"the alpha of a one-sided test lies between 0 and 1/2, got {alpha}")
    return 1 - 2 * alpha


def _result(
    counts: PairedCounts, margin: float, alpha: float, interval: IntervalName, test: str, p: float
) -> Result:
    limits = interval_named(interval)(counts, tost_level(alpha))
    settings = {"b": counts.first, "c": counts.second, "margin": margin, "alpha": alpha}
    return Result(counts.difference, limits, p, counts.n, f"{test}-{interval}", settings)


def p_above(counts: PairedCounts, bound: float, interval: IntervalName = "newcombe") -> float:
    """Return the one-sided p of a difference of at most *bound*, between -1 and 1, against a greater one,
    by inverting the interval named.
    """
    if not -1 < bound < 1:
        raise ValueError(f"a bound of a difference lies between -1 and 1, got {bound}")
    interval_named(interval)
    if interval == "tango":
        return float(norm.sf(tables.tango_score(counts.first, counts.second, counts.n, bound)))
    if interval == "bonett-price":
        centre, error = tables.bonett_price(counts.first, counts.second, counts.n)
        return float(norm.sf((float(centre) - bound) / float(error)))
    cells = counts.both, counts.first, counts.second, counts.neither
    # Where the estimate is itself below the bound, the upper limit is the one that meets it,
    # at a p above 1/2.
    if counts.difference < bound:
        return float(norm.cdf(_crossing(lambda z: bound - float(tables.newcombe(*cells, z)[1]))))
    return float(norm.sf(_crossing(lambda z: float(tables.newcombe(*cells, z)[0]) - bound)))


def _crossing(room: Callable[[float], float]) -> float:
    """Return the z at which the *room* between a limit and the margin, which shrinks as z grows, is used
    up.
    """
    from scipy.optimize import brentq  # takes a while to import

    return _FARTHEST if room(_FARTHEST) > 0 else float(brentq(room, 0.0, _FARTHEST, xtol=1e-13))
