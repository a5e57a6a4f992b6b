"""Bets on a mean: what they win, on average and ever, where the mean is at the bound."""

from itertools import permutations, product
from math import log, sqrt

import numpy as np
import numpy.typing as npt
import pytest

from harness_ext.stats.wealth import Betting, begin, bet

METHODS: tuple[Betting, ...] = ("betting", "mixture")


def paths(
    values: npt.ArrayLike, bound: float, population: int | None, method: Betting, margin: float = 0.1
) -> npt.NDArray[np.float64]:
    """Return the wealth after each value, of several sequences against one bound."""
    x = np.asarray(values, dtype=np.float64)
    return np.exp(bet(begin(np.full(len(x), bound), margin, population, method), x)[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("chances", [(0.3, 0.3), (0.5, 0.1), (0.02, 0.05)])
def test_at_the_bound_the_mean_wealth_is_1_after_every_value(
    method: Betting, chances: tuple[float, float]
) -> None:
    chance = {1: chances[0], -1: chances[1], 0: 1 - sum(chances)}
    sequences = list(product((-1, 0, 1), repeat=7))
    weights = np.array([np.prod([chance[value] for value in one]) for one in sequences])
    found = paths(sequences, chances[0] - chances[1], None, method)
    assert weights @ found == pytest.approx(np.ones(7), abs=1e-12)
    below = paths(sequences, chances[0] - chances[1] + 0.1, None, method)
    assert (weights @ below < 1).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("population", [(1, 1, 0, -1, 0, 0), (1, 1, 1, 1, 0, -1), (0, 0, 0, 0, 0, -1)])
def test_without_replacement_the_mean_wealth_is_1_or_less_and_large_ones_are_as_rare_as_promised(
    method: Betting, population: tuple[int, ...]
) -> None:
    orders = list(permutations(population))
    found = paths(orders, sum(population) / len(population), len(population), method)
    assert found.mean(axis=0) == pytest.approx(np.ones(len(population)), abs=1e-9)
    for alpha in (0.5, 0.2, 0.05):
        assert (found.max(axis=1) >= 1 / alpha).mean() <= alpha


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("population", [None, 40])
def test_wealth_is_the_mean_over_aims_of_products_of_returns(method: Betting, population: int | None) -> None:
    x = np.random.default_rng(3).choice([-1, 0, 1], p=[0.1, 0.6, 0.3], size=30)
    bound, tests = 0.05, begin([0.05], 0.1, population, method)
    wealth = [1.0] * len(tests.aims)
    expected = []
    for i, value in enumerate(x):
        left = population - i if population else 1
        mean = (population * bound - x[:i].sum()) / left if population else bound
        spread = (1 + np.square(x[:i]).sum()) / (5 + i)
        for j, aim in enumerate(tests.aims):
            gap = aim * (population / left if population else 1)
            share = aim if method == "mixture" else min(0.9, gap / sqrt(spread**2 + gap**2))
            wealth[j] *= 1 + share * (value - mean) / (1 + mean)
        expected.append(log(np.dot(wealth, tests.weights)))
    after, logs = bet(tests, x[None].astype(float))
    assert logs[0] == pytest.approx(expected, rel=1e-10)
    assert after.log == pytest.approx(expected[-1:], rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_values_may_come_one_by_one_and_tests_may_have_fewer_than_others(method: Betting) -> None:
    x = np.random.default_rng(1).choice([-1.0, 0, 1, 0.25], size=(3, 150))
    x[1, 100:] = np.nan
    begun = begin([0.0, -0.1, 0.2], 0.05, 500, method)
    after, together = bet(begun, x)
    one_by_one = begun
    for place in range(x.shape[1]):
        one_by_one, logs = bet(one_by_one, x[:, place : place + 1])
        assert logs[:, 0] == pytest.approx(together[:, place], abs=1e-9)
    assert list(after.n) == list(one_by_one.n) == [150, 100, 150]
    assert together[1, 100:] == pytest.approx(np.full(50, together[1, 99]))


def test_what_a_populations_rest_cannot_mend_is_sure() -> None:
    # After 1, 1 of four values the mean is at least 0: a bound of -0.1 is out, one of 0 is not.
    x = np.array([[1.0, 1.0], [1.0, 1.0]])
    _, logs = bet(begin([-0.1, 0.0], 0.1, 4), x)
    assert np.isinf(logs[0, 1])
    assert np.isfinite(logs[0, 0])
    assert np.isfinite(logs[1]).all()


def test_hopeless_and_certain_tests_stay_numbers() -> None:
    x = np.vstack([np.ones(5000), -np.ones(5000)])
    for population in (None, 5000):
        _, logs = bet(begin([-0.9, 0.9], 0.05, population), x)
        assert not np.isnan(logs).any()
        assert logs[0, -1] > 1000
        assert logs[1, -1] < -50


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="betting or mixture"):
        begin([0.0], 0.05, method="guess")  # type: ignore[arg-type]
