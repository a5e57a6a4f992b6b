"""Intervals of a mean share: items that each have a value between 0 and 1, such as avg@k, pass@k or maj@k of
their draws.
"""

import numpy as np
import numpy.typing as npt

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.arrays import FloatArray, check_level, flat, vector
from harness_ext.stats.proportion import Interval, quantile
from harness_ext.stats.tails import t

_FAR = 0.1
"""The weight of an item at the farther end, 0 or 1, in the variance: without it, intervals of figures near
the other end are too short where items are few (coverage .86 in the worst of the simulated cases).
"""


def share_interval(values: npt.ArrayLike, draws: int, level: float = 0.95) -> Interval:
    """Return the interval of the mean of values between 0 and 1, shape (items,), each made of so many draws,
    for new items with new draws.

    Items are drawn from many, and draws from many of each item: the variance of items' values holds both.
    The interval is Wilson's (1927, JASA 22:209) for an effective number of items, n·p(1 − p)/s² (Korn &
    Graubard 1998, Surv Methodol 24:193), at most n·draws, with the quantile of t on n − 1 degrees of freedom.
    The variance counts a tenth of an item at the farther end. Where all values are 0, or all 1, nothing says
    that draws of an item differ, and n items count; one item counts as one answer. Raises ValueError for
    values outside 0 to 1.
    """
    x = _shares("values", values)
    check_level(level)
    if draws < 1:
        raise ValueError(f"an item has at least one draw, got {draws}")
    n, mean = len(x), float(x.mean())
    if n == 1:
        low, high = tables.wilson(mean, 1, quantile(level))
        return Interval(float(low), float(high), level)
    far = 0.0 if mean > 0.5 else 1.0
    centre = (mean * n + _FAR * far) / (n + _FAR)
    squares = float(np.square(x - centre).sum()) + _FAR * (far - centre) ** 2
    variance = squares / (n + _FAR) * n / (n - 1)
    effective = _of_equal(mean, n, draws) if flat(x) else min(centre * (1 - centre) / variance * n, n * draws)
    low, high = tables.wilson(mean * effective, effective, float(t.ppf((1 + level) / 2, n - 1)))
    return Interval(float(low), float(high), level)


def redrawn_interval(
    values: npt.ArrayLike, variances: npt.ArrayLike, draws: int, k: int = 1, level: float = 0.95
) -> Interval:
    """Return the interval of the mean of values between 0 and 1, shape (items,), for new draws of the same
    items; *variances* are those of each value over draws (`harness_ext.stats.several_draws`).

    Wilson's for an effective number of items, n²·p(1 − p)/Σ variances, at least n; the sum counts one item
    more at its greatest variance, k/(4·draws), since that of a few draws may be 0 by chance. Raises
    ValueError for values outside 0 to 1 and variances below 0.
    """
    x, v = _shares("values", values), vector("variances", variances)
    check_level(level)
    if len(x) != len(v) or v.min() < 0 or not 1 <= k <= draws:
        raise ValueError(
            f"needs a variance of 0 or more for each of {len(x)} values, and 1 <= k <= draws, got {len(v)}"
        )
    n, mean = len(x), float(x.mean())
    effective = max(n, n**2 * mean * (1 - mean) / (float(v.sum()) + k / (4 * draws)))
    low, high = tables.wilson(mean * effective, effective, quantile(level))
    return Interval(float(low), float(high), level)


def _of_equal(mean: float, n: int, draws: int) -> float:
    """Return the effective number of items whose values are all equal: at 0 or 1 nothing says that the draws
    of an item differ.
    """
    return n if mean in (0.0, 1.0) else n * draws


def _shares(name: str, values: npt.ArrayLike) -> FloatArray:
    x = vector(name, values)
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"{name} lie between 0 and 1, got {x.min():g} to {x.max():g}")
    return x
