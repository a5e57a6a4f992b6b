"""What bets on a mean win: evidence, valid at any time, that a mean of values from -1 to 1 is above a bound.

Each test begins with a wealth of 1 and stakes a share of it on the next value. While the mean is at most the
bound, the wealth is a supermartingale, so that it ever reaches 1/alpha with a chance of at most alpha (Ville
1939; Waudby-Smith & Ramdas 2024, J R Stat Soc B 86:1). Values are drawn with replacement, or without from a
finite population: the bound is then one of the population's mean, and a wealth is infinite once the values
left cannot bring the mean down to it.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray

Betting = Literal["betting", "mixture"]
_GAPS = (0.3, 0.7, 1.2, 2.4)
_WEIGHTS = (0.1, 0.35, 0.35, 0.2)
"""Gaps between mean and bound that "betting" aims at, in margins, and the part of the wealth behind each."""
_SHARES = tuple(float(share) for share in np.geomspace(0.006, 0.9, 16))
_MOST = 0.9
"""The largest share of its wealth that a test stakes."""
_PRIOR_SQUARE, _PRIOR_ITEMS = 0.2, 5.0
_BLOCK = 64
_GREATEST = 1e200
"""What a test is taken to win in a block where it wins more."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Wealth:
    """One-sided tests, each that a mean is at most `bounds`, shape (tests,), after `n` values each.

    `aims` are gaps (betting) or shares (mixture), shape (aims,), `weights` what is staked on each; `logs` is
    the log of the wealth of each test and aim, of shape (tests, aims). `total` and `squares` are sums over
    the values so far, and `population` is how many values there are in all, infinite with replacement.
    """

    bounds: FloatArray
    population: FloatArray
    method: Betting
    aims: FloatArray
    weights: FloatArray
    n: npt.NDArray[np.int64]
    total: FloatArray
    squares: FloatArray
    logs: FloatArray

    @property
    def log(self) -> FloatArray:
        """The log of each test's wealth, of shape (tests,); infinite where its bound cannot be."""
        peak = self.logs.max(axis=1)
        mixed = peak + np.log(np.exp(self.logs - peak[:, None]) @ self.weights)
        return np.where(impossible(self.bounds, self.n, self.total, self.population), np.inf, mixed)


def begin(
    bounds: npt.ArrayLike,
    margin: float,
    population: npt.ArrayLike | None = None,
    method: Betting = "betting",
) -> Wealth:
    """Return tests that have seen nothing, one for each of *bounds*.

    *population* is one number of values in all, or one for each test; None with replacement. "betting" aims
    at gaps around *margin* with what it has seen of the spread; "mixture" stakes fixed shares, spread evenly
    over their logarithm, and needs no margin.
    """
    lows = np.asarray(bounds, dtype=np.float64)
    if method not in ("betting", "mixture"):
        raise ValueError(f"a method is betting or mixture, got {method!r}")
    aims = np.array(_SHARES) if method == "mixture" else margin * np.array(_GAPS)
    weights = np.full(len(aims), 1 / len(aims)) if method == "mixture" else np.array(_WEIGHTS)
    none = np.zeros(len(lows))
    sizes = np.asarray(np.inf if population is None else population, dtype=np.float64)
    return Wealth(
        lows,
        np.broadcast_to(sizes, lows.shape),
        method,
        aims,
        weights,
        np.zeros(len(lows), dtype=np.int64),
        none,
        none,
        np.zeros((len(lows), len(aims))),
    )


def bet(wealth: Wealth, values: FloatArray) -> tuple[Wealth, FloatArray]:
    """Bet on values of shape (tests, values), NaN where a test has no more of them.

    Return the wealth then, and its log after each value, of the shape of *values*.
    """
    logs = np.empty(values.shape)
    for start in range(0, values.shape[1], _BLOCK):  # short enough for products not to leave the floats
        block = values[:, start : start + _BLOCK]
        wealth, logs[:, start : start + _BLOCK] = _bet_block(wealth, block)
    return wealth, logs


def impossible(
    bounds: FloatArray, n: npt.NDArray[np.int64], total: FloatArray, population: FloatArray
) -> npt.NDArray[np.bool_]:
    """Say which bounds a finite population's mean must be above, whatever the values are that are left."""
    finite = np.isfinite(population)
    size = np.where(finite, population, 0.0)
    return np.asarray(finite & (total - (size - n) > size * bounds + _ROUNDING * size))


def _bet_block(wealth: Wealth, values: FloatArray) -> tuple[Wealth, FloatArray]:
    there = ~np.isnan(values)
    x = np.where(there, values, 0.0)
    stakes, before, left = stakes_on(wealth, x, there)
    room = _room(wealth.bounds[:, None], before, left, wealth.population[:, None])
    open_bets = there & (room > _ROUNDING)  # without room the bound is sure or impossible
    gained = np.where(open_bets, (1 + x) / np.where(open_bets, room, 1.0) - 1, 0.0)
    with np.errstate(over="ignore"):
        products = np.multiply.accumulate(1 + stakes * gained[:, None, :], axis=2)
        np.minimum(products, _GREATEST, out=products)
        peak = wealth.logs.max(axis=1)
        parts = np.exp(wealth.logs - peak[:, None]) * wealth.weights
        mixed = peak[:, None] + np.log(np.einsum("tj,tjk->tk", parts, products))
        logs = wealth.logs + np.log(products[:, :, -1])
    after = replace(
        wealth,
        n=wealth.n + there.sum(axis=1),
        total=wealth.total + x.sum(axis=1),
        squares=wealth.squares + np.square(x).sum(axis=1),
        logs=logs,
    )
    n, total = wealth.n[:, None] + np.cumsum(there, axis=1), wealth.total[:, None] + np.cumsum(x, axis=1)
    mixed[impossible(wealth.bounds[:, None], n, total, wealth.population[:, None])] = np.inf
    return after, mixed


def stakes_on(
    wealth: Wealth, x: FloatArray, there: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the shares staked on each value, shape (tests, aims, values), by those before it alone; and the
    sum of the values before each, and how many are left of the population, itself with them.
    """
    seen = wealth.n[:, None] + np.cumsum(there, axis=1) - there
    before = wealth.total[:, None] + np.cumsum(x, axis=1) - x
    left = np.maximum(wealth.population[:, None] - seen, 1.0)
    if wealth.method == "mixture":
        shape = (len(x), len(wealth.aims), x.shape[1])
        return np.broadcast_to(wealth.aims[None, :, None], shape), before, left
    squares = wealth.squares[:, None] + np.cumsum(np.square(x), axis=1) - np.square(x)
    spread = (_PRIOR_ITEMS * _PRIOR_SQUARE + squares) / (_PRIOR_ITEMS + seen)
    # A gap between the population's mean and a bound widens in what is left of it.
    finite = np.isfinite(wealth.population)[:, None]
    wider = np.where(finite, np.where(finite, wealth.population[:, None], 1.0) / left, 1.0)
    gap = wealth.aims[None, :, None] * wider[:, None]
    # Near the best share for three values (gap / spread while that is small, 1 where hardly any differ).
    stakes = gap / np.sqrt(np.square(spread)[:, None] + np.square(gap))
    return np.minimum(stakes, _MOST), before, left


def _room(bounds: FloatArray, before: FloatArray, left: FloatArray, population: FloatArray) -> FloatArray:
    """Return 1 + the mean of the next value where the mean of all is at the bound."""
    finite = np.isfinite(population)
    rest = (np.where(finite, population, 0.0) * bounds - before) / left
    return 1 + np.where(finite, rest, bounds)
