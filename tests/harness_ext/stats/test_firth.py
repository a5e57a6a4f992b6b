from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import chi2

from harness_ext.stats.logistic import attributed, firth_logistic, firth_p, logistic

# Urinary tract infection and contraception in 239 women (Foxman et al. 1997, Epidemiology 8:637), the data
# `sex2` of R's logistf: case, age, oc, vic, vicl, vis, dia, and how many. No woman without infection used a
# diaphragm (dia): the column separates.
SEX2 = """
1000010:1 1001000:14 1001010:3 1001100:10 1001110:12 1001111:1 1010000:44 1010001:3 1011000:15 1011001:1
1011010:2 1011100:7 1011110:3 1101000:2 1101010:1 1101011:1 1101100:1 1101111:1 1110000:5 1111000:3
0000010:1 0001000:2 0001010:1 0001100:8 0001110:18 0010000:42 0010010:1 0011000:1 0011100:5 0011110:6
0101100:2 0101110:4 0110000:14 0110010:1 0111000:1 0111110:2
"""


def infections() -> tuple[np.ndarray, np.ndarray]:
    rows = [
        [int(digit) for digit in cell]
        for cell, count in (part.split(":") for part in SEX2.split())
        for _ in range(int(count))
    ]
    table = np.array(rows, dtype=float)
    return np.column_stack([table[:, 1:], np.ones(len(table))]), table[:, 0] == 1


def drawn(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 2)), np.ones(n)])
    return x, rng.random(n) < 1 / (1 + np.exp(-x @ [0.8, -0.5, 0.2]))


def test_agrees_with_logistf_where_a_column_separates() -> None:
    # Coefficients of logistf as quoted in the tests of the Python package firthlogist; chi-squares to two
    # places from the snapshot model_parameters.logistf of the R package parameters.
    x, y = infections()
    assert logistic(x, y) is None
    fit = firth_logistic(x, y)
    assert fit is not None
    np.testing.assert_allclose(
        fit.coefficients,
        [-1.10598131, -0.06881673, 2.26887464, -2.11140817, -0.78831694, 3.09601166, 0.12025405],
        atol=5e-7,
    )
    ratios = [chi2.isf(firth_p(x, y, column), 1) for column in range(7)]
    np.testing.assert_allclose(ratios, [7.51, 0.02, 22.93, 19.10, 3.70, 7.90, 0.06], atol=0.006)


@pytest.mark.parametrize("seed", range(3))
def test_maximises_the_penalised_likelihood(seed: int) -> None:
    x, y = drawn(seed)

    def loss(b: np.ndarray) -> float:
        mean = 1 / (1 + np.exp(-x @ b))
        return -float(
            np.log(np.where(y, mean, 1 - mean)).sum()
            + np.linalg.slogdet((x * (mean * (1 - mean))[:, None]).T @ x)[1] / 2
        )

    fit = firth_logistic(x, y)
    assert fit is not None
    found = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(fit.coefficients, found.x, atol=1e-6)
    held = minimize(lambda b: loss(np.array([0.0, *b])), np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    assert firth_p(x, y, 0) == pytest.approx(chi2.sf(2 * (held.fun - found.fun), 1), abs=1e-6)


@pytest.mark.parametrize(("right", "n"), [(3, 10), (0, 7), (12, 12)])
def test_of_an_intercept_alone_is_half_a_success_and_failure_more(right: int, n: int) -> None:
    fit = firth_logistic(np.ones((n, 1)), np.arange(n) < right)
    assert fit is not None
    assert fit.coefficients[0] == pytest.approx(np.log((right + 0.5) / (n - right + 0.5)), abs=1e-9)


def test_of_a_two_by_two_table_adds_half_to_each_cell() -> None:
    exposed = np.repeat([1.0, 1.0, 0.0, 0.0], [8, 0, 5, 9])
    y = np.repeat([True, False, True, False], [8, 0, 5, 9])
    fit = firth_logistic(np.column_stack([exposed, np.ones(22)]), y)
    assert fit is not None
    assert fit.coefficients[0] == pytest.approx(np.log(8.5 / 0.5 / (5.5 / 9.5)), abs=1e-9)


def test_many_answers_leave_little_penalty() -> None:
    x, y = drawn(0, 20_000)
    firth, plain = firth_logistic(x, y), logistic(x, y)
    assert firth is not None
    assert plain is not None
    np.testing.assert_allclose(firth.coefficients, plain.coefficients, atol=1e-3)
    np.testing.assert_allclose(firth.covariance, plain.covariance, rtol=1e-2)


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_order_outcome_and_units(seed: int, factor: float) -> None:
    x, y = drawn(seed)
    plain, order = firth_logistic(x, y), np.random.default_rng(seed).permutation(len(y))
    assert plain is not None
    for other, expected in (
        (firth_logistic(x[order], y[order]), plain.coefficients),
        (firth_logistic(x, ~y), -plain.coefficients),
        (firth_logistic(x * [factor, 1, 1], y), plain.coefficients / [factor, 1, 1]),
    ):
        assert other is not None
        np.testing.assert_allclose(other.coefficients, expected, rtol=1e-6, atol=1e-9)
    assert firth_p(x * [factor, 1, 1], y, 0) == pytest.approx(firth_p(x, y, 0), abs=1e-8)


def test_perfect_separation_is_finite() -> None:
    x = np.column_stack([np.arange(20.0), np.ones(20)])
    fit = firth_logistic(x, np.arange(20) >= 10)
    assert fit is not None
    assert 0 < fit.coefficients[0] < 15
    p = firth_p(x, np.arange(20) >= 10, 0)
    assert p is not None
    assert p < 0.001


def test_dependent_columns_and_malformed_input() -> None:
    x, y = drawn(0)
    assert firth_logistic(np.column_stack([x, x[:, 0]]), y) is None
    assert firth_p(np.column_stack([x, np.zeros(60)]), y, 0) is None
    with pytest.raises(ValueError, match="one bool"):
        firth_logistic(x, y[:-1])
    with pytest.raises(ValueError, match="one bool"):
        firth_logistic(x, 2 * y)
    with pytest.raises(ValueError, match="NaN"):
        firth_logistic(x * np.nan, y)
    with pytest.raises(ValueError, match="columns 0 to 2"):
        firth_p(x, y, 3)


def test_attribution_is_shapleys_and_sums_to_the_whole() -> None:
    x, y = drawn(0)
    fit = firth_logistic(x, y)
    assert fit is not None
    first, second = x[:25], x[25:]
    parts = attributed(fit, first, second)
    assert parts.sum() == pytest.approx(
        (second @ fit.coefficients).mean() - (first @ fit.coefficients).mean(), abs=1e-12
    )
    shapley, orders = np.zeros(3), list(permutations(range(3)))
    for order in orders:
        profile = first.mean(axis=0)
        for column in order:
            before = profile @ fit.coefficients
            profile[column] = second.mean(axis=0)[column]
            shapley[column] += (profile @ fit.coefficients - before) / len(orders)
    np.testing.assert_allclose(parts, shapley, atol=1e-12)
    np.testing.assert_allclose(attributed(fit, second, first), -parts)
    assert parts[2] == 0
    with pytest.raises(ValueError, match="columns"):
        attributed(fit, first[:, :2], second)
