"""Two proportions on the same items.

The counts are those of the 2×2 table of items by outcome in two runs:

|             | second right | second wrong |
|-------------|--------------|--------------|
| first right | ``both``     | ``first``    |
| first wrong | ``second``   | ``neither``  |

A difference is always *first minus second*.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf, nan
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betainccinv, betaincinv, betaln, xlog1py, xlogy

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.proportion import Interval, between_0_and_1, quantile
from harness_ext.stats.result import Result
from harness_ext.stats.tails import beta, fair_coin

IntervalName = Literal["newcombe", "bonett-price", "tango"]
_gauss_legendre = lru_cache(maxsize=1)(np.polynomial.legendre.leggauss)  # 256 nodes take half a second


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """How many items both runs, only the first, only the second, and neither run got right."""

    both: int
    first: int
    second: int
    neither: int

    def __post_init__(self) -> None:
        if min(self.both, self.first, self.second, self.neither) < 0 or self.n < 1:
            raise ValueError(f"counts are 0 or more and sum to at least 1, got {self}")

    @property
    def n(self) -> int:
        """The number of items."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """Accuracy of the first run minus that of the second."""
        return (self.first - self.second) / self.n

    def swapped(self) -> "PairedCounts":
        """Return the table of the same items with the runs in the other order."""
        return PairedCounts(self.both, self.second, self.first, self.neither)


def paired_counts(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> PairedCounts:
    """Count the outcomes of two runs on the same items, True for a right answer, in the same order.

    Raises ValueError unless both are arrays of booleans, of one dimension and one length, which is not 0.
    """
    one, two = np.asarray(first), np.asarray(second)
    if (
        one.dtype != np.bool_
        or two.dtype != np.bool_
        or one.ndim != 1
        or one.shape != two.shape
        or not one.size
    ):
        raise ValueError(
            f"needs two arrays of booleans, as long as each other, got {one.dtype} {one.shape} and"
            f" {two.dtype} {two.shape}"
        )
    return PairedCounts(
        *(int(np.count_nonzero(cell)) for cell in (one & two, one & ~two, ~one & two, ~one & ~two))
    )


def mcnemar_exact(counts: PairedCounts) -> float:
    """Return the two-sided exact conditional p of equal accuracies (McNemar 1947; binomial, 1/2).

    1 where no item is discordant.
    """
    fewer, discordant = min(counts.first, counts.second), counts.first + counts.second
    return min(1.0, 2 * float(fair_coin.cdf(fewer, discordant))) if discordant else 1.0


def mcnemar_midp(counts: PairedCounts) -> float:
    """Return the two-sided mid-p value of McNemar's test (Fagerland, Lydersen & Laake 2013,
    BMC Med Res Methodol 13:91).

    The exact p less the probability of the observed table; 1 where first and second are equal.
    """
    return float(tables.midp(counts.first, counts.second))


def newcombe_interval(counts: PairedCounts, level: float = 0.95) -> Interval:
    """Return the square-and-add interval of the difference, Newcombe's method 10 (1998, Stat Med 17:2635).

    Combines the Wilson intervals of the two accuracies with their correlation, the latter corrected
    for continuity where it is positive.
    """
    low, high = tables.newcombe(counts.both, counts.first, counts.second, counts.neither, quantile(level))
    return Interval(float(low), float(high), level)


def bonett_price_interval(counts: PairedCounts, level: float = 0.95) -> Interval:
    """Return the adjusted Wald interval of the difference (Bonett & Price 2012,
    J Educ Behav Stat 37:479), cut at -1 and 1.

    One item is added to each discordant cell. The centre is drawn towards 0, so that at a low level the
    interval need not hold the observed difference.
    """
    centre, error = tables.bonett_price(counts.first, counts.second, counts.n)
    reach = quantile(level) * float(error)
    return Interval(max(float(centre) - reach, -1.0), min(float(centre) + reach, 1.0), level)


def tango_interval(counts: PairedCounts, level: float = 0.95) -> Interval:
    """Return the differences that the score test does not reject (Tango 1998, Stat Med 17:891).

    Its end is 1 where only the first run was right on every item, -1 where only the second was.
    """
    z = quantile(level)
    return Interval(
        -_tango_end(counts.second, counts.first, counts.n, z),
        _tango_end(counts.first, counts.second, counts.n, z),
        level,
    )


def _tango_end(first: int, second: int, n: int, z: float) -> float:
    """Return the upper limit by halving, which finds the one crossing though the statistic falls without
    bound near 1.
    """
    if first == n:
        return 1.0
    low, high = (first - second) / n, 1.0
    while low < (middle := (low + high) / 2) < high:
        if float(tables.tango_score(first, second, n, middle)) > -z:
            low = middle
        else:
            high = middle
    return high


INTERVALS: dict[IntervalName, Callable[[PairedCounts, float], Interval]] = {
    "newcombe": newcombe_interval,
    "bonett-price": bonett_price_interval,
    "tango": tango_interval,
}
"""The intervals of a paired difference, by name."""


def interval_named(name: IntervalName) -> Callable[[PairedCounts, float], Interval]:
    """Return the interval of that name; ValueError for a name that is none."""
    if name not in INTERVALS:
        raise ValueError(f"an interval is one of {', '.join(INTERVALS)}, got {name}")
    return INTERVALS[name]


def difference(counts: PairedCounts, level: float = 0.95, interval: IntervalName = "newcombe") -> Result:
    """Return the difference of two accuracies with the interval named, and McNemar's mid-p."""
    return Result(
        estimate=counts.difference,
        interval=interval_named(interval)(counts, level),
        p=mcnemar_midp(counts),
        n=counts.n,
        method="mcnemar-midp",
        settings={"b": counts.first, "c": counts.second, "interval": interval},
    )


def matched_odds_ratio(counts: PairedCounts, level: float = 0.95) -> Result:
    """Return the conditional odds ratio first / second, with an exact interval and McNemar's exact p.

    The limits p / (1 - p) come from the limits of Clopper & Pearson (1934, Biometrika 26:404) for the share
    of discordant items that only the first run got right (Breslow & Day 1980, section 5.2). The ratio is 0 or
    infinite where one of the counts is 0; nan, without interval and with p 1, where both are.
    """
    tail = (1 - between_0_and_1("a confidence level", level)) / 2
    b, c = counts.first, counts.second
    settings, method = {"b": b, "c": c}, "matched-odds-ratio"
    if not b + c:
        return Result(
            nan,
            None,
            1.0,
            counts.n,
            method,
            settings,
            "no item is discordant, so the odds ratio is undefined",
        )
    low = float(beta.ppf(tail, b, c + 1)) if b else 0.0
    high = float(beta.isf(tail, b + 1, c)) if c else 1.0
    limits = Interval(_odds(low), _odds(high), level)
    return Result(b / c if c else inf, limits, mcnemar_exact(counts), counts.n, method, settings)


def _odds(p: float) -> float:
    return p / (1 - p) if p < 1 else inf


def posterior_difference(
    counts: PairedCounts, level: float = 0.95, margin: float | None = None, prior: float = 0.5
) -> Result:
    """Return the posterior mean of the difference with its equal-tailed interval; no p.

    The four cells have a Dirichlet prior with *prior* in each, above 0: 1/2 is Jeffreys's, 1 the uniform one.
    The discordant share is then a beta variable, and so, independently, is the share of it that only the
    first run got right (Gelman et al. 2013, Bayesian Data Analysis, section 3.4 and appendix A); the
    distribution of the difference is one integral, taken by quadrature, without random draws.

    `settings` give the probability that the difference is above 0 and, with a *margin* between 0 and 1,
    that it is inside ± margin.
    """
    tail = (1 - between_0_and_1("a confidence level", level)) / 2
    if not 0 < prior < inf:
        raise ValueError(f"a prior count is above 0, got {prior}")
    if margin is not None:
        between_0_and_1("a margin", margin)
    b, c, concordant = counts.first + prior, counts.second + prior, counts.both + counts.neither + 2 * prior
    from scipy.optimize import brentq  # takes a while to import

    ends = [
        float(brentq(lambda t, at=at: _posterior_cdf(t, b, c, concordant) - at, -1.0, 1.0, xtol=1e-12))
        for at in (tail, 1 - tail)
    ]
    settings: dict[str, object] = {
        "b": counts.first,
        "c": counts.second,
        "prior": prior,
        "above_0": float(beta.sf(0.5, b, c)),
    }
    if margin is not None:
        inside = _posterior_cdf(margin, b, c, concordant) - _posterior_cdf(-margin, b, c, concordant)
        settings |= {"margin": margin, "inside": min(max(inside, 0.0), 1.0)}
    mean = (b - c) / (b + c + concordant)
    return Result(mean, Interval(ends[0], ends[1], level), None, counts.n, "dirichlet-posterior", settings)


def _posterior_cdf(t: float, b: float, c: float, concordant: float) -> float:
    """Return P(S (2R - 1) <= t), S the discordant share, Beta(b + c, concordant), and R, Beta(b, c),
    the first run's part of it.
    """
    if t < 0:
        return 1 - _posterior_cdf(-t, c, b, concordant)
    either = b + c
    start, end = (
        max(t, float(betaincinv(either, concordant, 1e-17))),
        float(betainccinv(either, concordant, 1e-17)),
    )
    if end <= start:
        return float(betainc(either, concordant, t))
    # s = start + (end - start) v² removes the root-like rise at s = t.
    nodes, weights = _gauss_legendre(256)
    v = (nodes + 1) / 2
    s = start + (end - start) * v * v
    density = np.exp(xlogy(either - 1, s) + xlog1py(concordant - 1, -s) - betaln(either, concordant))
    integral = (end - start) * float(
        np.sum(weights * v * density * betainc(b, c, np.minimum((1 + t / s) / 2, 1.0)))
    )
    below = float(betainc(either, concordant, t)) if start == t else 0.0
    return min(below + integral, 1.0)
