"""Empirical Bayes of variances: limma's formulas, at values that can be worked out by hand."""

from math import exp, inf, log, pi, sqrt

import numpy as np
import pytest
from scipy.special import polygamma

from harness_ext.stats.moderated import Prior, fitted_prior, trigamma_inverse


@pytest.mark.parametrize(
    ("value", "x"),
    [(pi**2 / 6, 1.0), (pi**2 / 2, 0.5), (pi**2 / 6 - 1, 2.0), (pi**2 / 6 - 1.25, 3.0)],
)
def test_known_values_of_trigamma_are_inverted(value: float, x: float) -> None:
    assert trigamma_inverse(value) == pytest.approx(x, rel=1e-12)


@pytest.mark.parametrize("x", [1e-5, 1e-3, 0.1, 7.0, 400.0, 1e7])
def test_the_inverse_of_trigamma_is_inverted(x: float) -> None:
    assert trigamma_inverse(float(polygamma(1, x))) == pytest.approx(x, rel=1e-5)


def test_trigamma_is_above_0() -> None:
    with pytest.raises(ValueError, match="above 0"):
        trigamma_inverse(0.0)


def test_the_prior_of_three_variances_by_hand() -> None:
    """On 2 degrees of freedom the log of a variance has the variance trigamma(1) = pi²/6. Logs that vary by
    pi²/6 + pi²/2 leave trigamma(1/2) for the prior: one degree of freedom. Its variance is then
    exp(-digamma(1) + digamma(1/2) + log 2) = exp(-log 2).
    """
    step = sqrt(2 / 3) * pi
    df, variance = fitted_prior([exp(-step), 1.0, exp(step)], 2)
    assert (df, variance) == (pytest.approx(1.0), pytest.approx(0.5))
    doubled = fitted_prior([10 * exp(-step), 10.0, 10 * exp(step)], [2, 2, 2])
    assert doubled == (pytest.approx(1.0), pytest.approx(5.0))


def test_caution_adds_a_standard_error_to_the_spread_of_logarithms() -> None:
    """The fourth cumulant of such a log is pi⁴/15, so the variance of three of them varies by
    (pi⁴/15 + 2 (pi²/6)²) / 3.
    """
    step = sqrt(2 / 3) * pi
    more = sqrt((pi**4 / 15 + pi**4 / 18) / 3)
    df, _ = fitted_prior([exp(-step), 1.0, exp(step)], 2, caution=1.0)
    assert polygamma(1, df / 2) == pytest.approx(pi**2 / 2 + more)


def test_variances_that_differ_by_chance_only_have_one_value() -> None:
    assert fitted_prior([0.5, 0.6, 0.7, 0.6], 2) == (inf, pytest.approx(0.6))
    assert fitted_prior([0.0, 0.0, 0.0], 2) == (inf, 0.0)
    with pytest.raises(ValueError, match="at least 3"):
        fitted_prior([1.0, 2.0], 2)


def test_a_prior_is_found_again() -> None:
    rng = np.random.default_rng(0)
    true = 3.0 * 8 / rng.chisquare(8, 20_000)
    df, variance = fitted_prior(true * rng.chisquare(2, 20_000) / 2, 2)
    assert (df, variance) == (pytest.approx(8, rel=0.1), pytest.approx(3.0, rel=0.03))
    assert log(fitted_prior(np.r_[true[:500], 0.0], 20)[1]) == pytest.approx(log(3), abs=0.15)


def test_a_variance_is_drawn_towards_its_prior() -> None:
    prior = Prior(4.0, 0.5, most=10)
    assert prior.posterior(2.0, 2) == (pytest.approx(1.0), 6.0)
    assert prior.posterior(2.0, 8) == (pytest.approx(1.5), 10)
    assert Prior(inf, 0.5, most=10).posterior(2.0, 2) == (0.5, 10)
    assert Prior(0.0, 0.5).posterior(2.0, 2) == (2.0, 2)
