"""The formulas of paired tables over arrays of tables: one implementation,
for a single table and for simulations of thousands.

The counts are those of `harness_ext.stats.paired`, given as arrays of one shape; `z` is a normal quantile of
0 or more. Nothing is checked here: the functions that take one table do that.
"""

import numpy as np
import numpy.typing as npt

from harness_ext.stats.tails import fair_coin

FloatArray = npt.NDArray[np.float64]


def wilson(successes: npt.ArrayLike, n: npt.ArrayLike, z: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the limits of the score interval of a proportion (Wilson 1927, JASA 22:209),
    exactly 0 and 1 at the ends.
    """
    k, total, q = (np.asarray(x, dtype=np.float64) for x in (successes, n, z))
    p, shrink = k / total, q * q / total
    centre = (p + shrink / 2) / (1 + shrink)
    reach = q / (1 + shrink) * np.sqrt(p * (1 - p) / total + shrink / (4 * total))
    return np.where(k == 0, 0.0, centre - reach), np.where(k == total, 1.0, centre + reach)


def newcombe(
    both: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, neither: npt.ArrayLike, z: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of the square-and-add interval of the difference (Newcombe 1998,
    Stat Med 17:2635, method 10).
    """
    a, b, c, d = (np.asarray(x, dtype=np.float64) for x in (both, first, second, neither))
    n = a + b + c + d
    low1, high1 = wilson(a + b, n, z)
    low2, high2 = wilson(a + c, n, z)
    p1, p2 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    excess = a * d - b * c
    excess = np.where(excess > 0, np.maximum(excess - n / 2, 0.0), excess)
    phi = np.where(margins > 0, excess / np.sqrt(np.where(margins > 0, margins, 1.0)), 0.0)
    difference = (b - c) / n
    return difference - _combined(p1 - low1, high2 - p2, phi), difference + _combined(
        high1 - p1, p2 - low2, phi
    )


def _combined(x: FloatArray, y: FloatArray, phi: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(x * x - 2 * phi * x * y + y * y, 0.0))


def bonett_price(
    first: npt.ArrayLike, second: npt.ArrayLike, n: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return centre and standard error of the adjusted Wald interval (Bonett & Price 2012, J Educ Behav Stat
    37:479): one item more in each discordant cell.
    """
    b, c, total = (np.asarray(x, dtype=np.float64) for x in (first, second, n))
    one, two = (b + 1) / (total + 2), (c + 1) / (total + 2)
    return one - two, np.sqrt((one + two - (one - two) ** 2) / (total + 2))


def tango_score(
    first: npt.ArrayLike, second: npt.ArrayLike, n: npt.ArrayLike, delta: npt.ArrayLike
) -> FloatArray:
    """Return the score statistic of a difference *delta* in [-1, 1] (Tango 1998, Stat Med 17:891):
    McNemar's z where *delta* is 0.

    Standard normal if *delta* is the difference; falls as *delta* rises.
    0 where the counts are what *delta* makes certain.
    """
    b, c, total, at = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (first, second, n, delta))
    )
    # Solved for the smaller of the two discordant probabilities,
    # so that a table and its mirror image agree to the last bit.
    turned, size = at < 0, np.abs(at)
    more, fewer = np.where(turned, c, b), np.where(turned, b, c)
    linear = (2 * total - more + fewer) * size - more - fewer
    root = np.sqrt(np.maximum(linear**2 + 8 * total * fewer * size * (1 - size), 0.0))
    # The greater root of 2n q² + linear q − fewer size (1 − size), in the form that does not cancel.
    above, below = fewer * size * (1 - size), linear + root
    smaller = np.where(linear > 0, 2 * above / np.where(below > 0, below, 1.0), (root - linear) / (4 * total))
    variance = total * np.maximum(2 * smaller + size * (1 - size), 0.0)
    gap = b - c - total * at
    certain = variance <= 0
    score = gap / np.sqrt(np.where(certain, 1.0, variance))
    return np.where(certain, np.where(gap == 0, 0.0, np.copysign(np.inf, gap)), score)


def midp(first: npt.ArrayLike, second: npt.ArrayLike) -> FloatArray:
    """Return the two-sided mid-p of McNemar's test (Fagerland, Lydersen & Laake 2013, BMC Med Res Methodol
    13:91); 1 where first and second are equal.
    """
    b, c = np.asarray(first), np.asarray(second)
    fewer, discordant = np.minimum(b, c), b + c
    # twice the exact tail less the probability of the table
    p = fair_coin.cdf(fewer, discordant) + fair_coin.cdf(fewer - 1, discordant)
    return np.where(b == c, 1.0, p)


def inside(counts: npt.NDArray[np.int64], margin: float, z: float, interval: str) -> npt.NDArray[np.bool_]:
    """Say of each table, a row (both, first, second, neither), whether its interval lies inside ± *margin*:
    "newcombe", "bonett-price" or "tango".
    """
    both, first, second, neither = counts.T
    n = counts.sum(axis=1)
    if interval == "tango":
        return (tango_score(first, second, n, -margin) > z) & (tango_score(first, second, n, margin) < -z)
    if interval == "newcombe":
        low, high = newcombe(both, first, second, neither, z)
    else:
        centre, error = bonett_price(first, second, n)
        low, high = centre - z * error, centre + z * error
    return (low > -margin) & (high < margin)
