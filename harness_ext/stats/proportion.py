"""A single proportion."""

from dataclasses import dataclass

from scipy.stats import norm

from harness_ext.stats import tables


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval and its level (such as 0.95)."""

    low: float
    high: float
    level: float


def check_level(level: float) -> float:
    """Return *level*; ValueError unless it lies between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, got {level}")
    return level


def quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval of that level: 1.96 for 0.95."""
    return float(norm.ppf((1 + check_level(level)) / 2))


def wilson_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927, JASA 22:209).

    Raises ValueError unless 0 <= successes <= n and n >= 1.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"needs 0 <= successes <= n and n >= 1, got {successes} of {n}")
    low, high = tables.wilson(successes, n, quantile(level))
    return Interval(float(low), float(high), level)
