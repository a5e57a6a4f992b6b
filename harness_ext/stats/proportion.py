"""A single proportion."""

from dataclasses import dataclass
from functools import cache

from harness_ext.stats import two_by_two as tables
from harness_ext.stats.tails import norm


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval and its level (such as 0.95)."""

    low: float
    high: float
    level: float


def between_0_and_1(name: str, value: float) -> float:
    """Return *value*; ValueError, which calls it *name*, unless it lies between 0 and 1, neither included."""
    if not 0 < value < 1:
        raise ValueError(f"{name} lies between 0 and 1, got {value}")
    return value


@cache
def quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval of that level: 1.96 for 0.95."""
    return float(norm.ppf((1 + between_0_and_1("a confidence level", level)) / 2))


def wilson_interval(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the score interval of a proportion (Wilson 1927, JASA 22:209).

    Raises ValueError unless 0 <= successes <= n and n >= 1.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"needs 0 <= successes <= n and n >= 1, got {successes} of {n}")
    low, high = tables.wilson(successes, n, quantile(level))
    return Interval(float(low), float(high), level)
