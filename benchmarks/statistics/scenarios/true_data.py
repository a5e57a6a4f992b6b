"""Data whose truth is known."""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm

from benchmarks.statistics.rows import Array, Rng
from harness_ext.stats import two_by_two as tables


def counted(
    rng: Rng, n: int, draws: int, discordance: float, difference: float = 0.0, accuracy: float = 0.6
) -> npt.NDArray[np.int64]:
    """Return *draws* tables of n items, shape (4, draws): both right, only the first,
    only the second, neither.
    """
    cells = [
        accuracy - discordance / 2,
        (discordance + difference) / 2,
        (discordance - difference) / 2,
        1 - accuracy - discordance / 2,
    ]
    return np.asarray(rng.multinomial(n, cells, size=draws).T)


def binary(rng: Rng, size: tuple[int, ...], discordance: float = 0.2, difference: float = 0.0) -> Array:
    """Return differences of right and wrong answers: 1, 0 or -1."""
    u = rng.random(size)
    return (u < (discordance + difference) / 2) * 1.0 - (u > 1 - (discordance - difference) / 2)


def exchangeable(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of two runs of one style, as a density of pivots:
    skewed over items and within them, alike in both runs.
    """
    return np.asarray(rng.gamma(2, 1, size) * (rng.lognormal(0, 0.8, size) - rng.lognormal(0, 0.8, size)))


def skewed(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of mean 0 and skewness 2."""
    return np.asarray(rng.exponential(1, size) - 1)


def very_skewed(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences of mean 0 and skewness 6.2."""
    return np.asarray(rng.lognormal(0, 1, size) - np.exp(0.5))


def heavy(rng: Rng, size: tuple[int, ...]) -> Array:
    """Return differences symmetric about 0 with the tails of a t distribution on 3 degrees of freedom."""
    return np.asarray(rng.standard_t(3, size))


STYLES: dict[str, Callable[[Rng, tuple[int, ...]], Array]] = {
    "right or wrong, discordance 0.2": binary,
    "two runs of one skewed style": exchangeable,
    "differences of skewness 2": skewed,
    "differences of skewness 6": very_skewed,
}


def templated(rng: Rng, n: int, count: int, mean: float = 0.0) -> tuple[Array, list[int]]:
    """Return differences of right and wrong answers to n items of *count* templates of unequal sizes,
    and each item's template.

    Half of the templates favour the first run by 25 points, half the second:
    an intra-cluster correlation of 0.21.
    """
    shares = rng.lognormal(0, 0.8, count)
    sizes = 1 + rng.multinomial(n - count, shares / shares.sum())
    codes = np.repeat(np.arange(count), sizes)
    lean = (rng.choice([-0.25, 0.25], count) + mean)[codes]
    u = rng.random(n)
    return (u < 0.15 + lean / 2) * 1.0 - (u > 0.85 + lean / 2), codes.tolist()


def seeded(rng: Rng, seeds: int, n: int, spread: float, mean: float = 0.0) -> Array:
    """Return differences, shape (seeds, n), of right and wrong answers of two runs for each seed.

    Items differ in difficulty and in which run they suit, by 10 points; *spread* is the standard deviation of
    the true difference between seeds.
    """
    level = rng.uniform(0.3, 0.7, n)
    lean = mean + rng.choice([-0.1, 0.1], n) + np.clip(rng.normal(0, spread, (seeds, 1)), -0.4, 0.4)
    return (rng.random((seeds, n)) < level + lean / 2) * 1.0 - (rng.random((seeds, n)) < level - lean / 2)


def families(rng: Rng, count: int, tau: float, mean: float = 0.0) -> tuple[Array, Array, float]:
    """Return effects of families on 200 to 1,000 items of discordance 0.2, their errors as of
    `effect_of_counts`, and the true effect of one family more.
    """
    true = np.clip(rng.normal(mean, tau, count + 1), -0.2, 0.2)
    n = rng.choice([200, 500, 1000], count)
    chances = np.stack(
        [np.full(count, 0.5), 0.1 + true[:-1] / 2, 0.1 - true[:-1] / 2, np.full(count, 0.3)], axis=1
    )
    both, b, c, neither = rng.multinomial(n, chances).T
    low, high = tables.newcombe(both, b, c, neither, 1.0)
    return (b - c) / n, (high - low) / 2, float(true[count])


def answered(rng: Rng, n: int, rates: Sequence[float]) -> Array:
    """Return right answers, shape (runs, n), of runs with those accuracies;
    latent abilities correlate by 0.6 within an item.
    """
    latent = sqrt(0.6) * rng.normal(size=n) + sqrt(0.4) * rng.normal(size=(len(rates), n))
    return np.asarray((latent < norm.ppf(rates)[:, None]) * 1.0)


def judged(rng: Rng, n: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Return a design of ones, a style that says nothing, log length and difficulty,
    correlated with each other, and right answers.
    """
    difficulty = rng.normal(size=n)
    length = 0.6 * difficulty + 0.8 * rng.normal(size=n)
    style = np.exp(0.5 * length + 0.5 * rng.normal(size=n))
    return np.column_stack([np.ones(n), style, length, difficulty]), rng.random(n) < expit(
        0.4 - difficulty - 0.3 * length
    )
