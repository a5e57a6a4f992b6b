"""Means and variances of values by seed and item, both drawn from many (crossed two-way layout)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, hypot, log, sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_level, flat, matrix
from harness_ext.stats.moderated import Prior
from harness_ext.stats.proportion import Interval
from harness_ext.stats.result import Result
from harness_ext.stats.tails import t

NO_SPREAD = "all differences are equal, or there is one only: their spread cannot be estimated"
_SMALLEST = 1e-150
"""The least tail that is looked for."""


@dataclass(frozen=True, slots=True)
class VarianceSplit:
    """Variance components of differences by seed and item (crossed, one value per cell),
    and where the mean's variance comes from.

    `seed`, `item` and `residual` are variances of single effects, in the squared unit of the values; negative
    estimates are set to 0. The shares are those of the variance of the grand mean, seed/S + item/n +
    residual/(S·n), and sum to 1 (all 0 where nothing varies).
    """

    seed: float
    item: float
    residual: float
    seed_share: float
    item_share: float
    residual_share: float


def mean_squares(x: FloatArray) -> tuple[float, float, float]:
    """Return the mean squares of seeds, items and residual, of values, shape (seeds, items), two each or
    more.
    """
    seeds, n = x.shape
    grand, by_seed, by_item = x.mean(), x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    rest = float(((x - by_seed - by_item + grand) ** 2).sum()) / ((seeds - 1) * (n - 1))
    return (
        n * float(((by_seed - grand) ** 2).sum()) / (seeds - 1),
        seeds * float(((by_item - grand) ** 2).sum()) / (n - 1),
        rest,
    )


def crossed_reach(
    squares: tuple[float, float, float],
    shape: tuple[int, int],
    prior: Prior | None = None,
) -> Callable[[float], float]:
    """Return the half-width of the interval of `crossed_mean` whose tails hold a share each, from the mean
    squares of seeds, items and residual and the *shape* (seeds, items).
    """
    (by_seed, by_item, rest), (seeds, n), size = squares, shape, shape[0] * shape[1]
    by_seed, df = prior.posterior(by_seed, seeds - 1) if prior else (by_seed, seeds - 1)
    parts = by_seed, max(by_item - rest, 0.0)

    def half(tail: float) -> float:
        seed, item = (float(quantile) for quantile in t.isf(tail, [df, n - 1]))
        return max(
            hypot(seed * sqrt(parts[0] / size), item * sqrt(parts[1] / size)), item * sqrt(rest / size)
        )

    return half


def crossed_mean(values: npt.ArrayLike, level: float = 0.95, prior: Prior | None = None) -> Result:
    """Return the mean of differences, shape (seeds, items),
    with a t interval for random seeds and random items.

    In the crossed two-way layout S·n times the variance of the grand mean is MS_seed + (MS_item −
    MS_residual). Each part brings its own t quantile, on S − 1 and n − 1 degrees of freedom, and the squared
    half-widths add (Howe 1974, JASA 69:789); a negative part counts 0, and the residual alone is the least.
    The residual could as well be taken from the seeds' part; with few seeds that difference is too unsteady,
    and tests reject too often. So taken, the interval covers more than *level* where seeds hardly differ. `p`
    is 1 minus the level at which the interval begins to hold 0. The choice for few seeds. `n` counts items.

    With a *prior* of MS_seed (`harness_ext.stats.pooled_seeds`), that is drawn towards it, and its quantile
    is on the degrees of freedom of both. One seed has no interval then either.
    """
    x = matrix("values", values)
    check_level(level)
    seeds, n = x.shape
    settings: dict[str, object] = {"seeds": seeds}
    if prior:
        settings |= {"prior_df": prior.df, "prior_mean_square": prior.variance}
    method, note = "moderated-crossed-t" if prior else "crossed-t", too_few(x)
    if note:
        return Result(float(x.mean()), None, None, n, method, {**settings, "level": level}, note)
    half = crossed_reach(mean_squares(x), (seeds, n), prior)
    estimate, reach = float(x.mean()), half((1 - level) / 2)
    p = 1.0
    if abs(estimate) >= half(_SMALLEST):
        p = 2 * _SMALLEST
    elif estimate:
        from scipy.optimize import brentq  # takes a while to import

        p = 2 * exp(
            brentq(lambda log_tail: half(exp(log_tail)) - abs(estimate), log(_SMALLEST), log(0.5), xtol=1e-13)
        )
    return Result(estimate, Interval(estimate - reach, estimate + reach, level), p, n, method, settings)


def variance_split(values: npt.ArrayLike) -> VarianceSplit:
    """Split the variance of values, shape (seeds, items),
    by ANOVA of the crossed two-way layout with random effects.

    Searle, Casella & McCulloch (1992, Variance Components, chapter 4). Needs two seeds and two items.
    """
    x = matrix("values", values)
    seeds, n = x.shape
    if seeds < 2 or n < 2:
        raise ValueError(f"a split needs at least two seeds and two items, got {seeds} and {n}")
    by_seed, by_item, rest = mean_squares(x)
    seed, item, residual = max(0.0, (by_seed - rest) / n), max(0.0, (by_item - rest) / seeds), rest
    parts = np.array([seed / seeds, item / n, residual / (seeds * n)])
    shares = parts / parts.sum() if parts.any() else parts
    return VarianceSplit(seed, item, residual, *(float(share) for share in shares))


def too_few(x: FloatArray) -> str:
    """Say why differences, shape (seeds, items), have no interval over seeds; empty where they have one."""
    if len(x) < 2:
        return "one seed: how much seeds differ cannot be estimated"
    if x.shape[1] < 2 or flat(x.ravel()):
        return NO_SPREAD
    return ""
