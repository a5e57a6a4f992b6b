"""Distribution functions are those of scipy.stats, which importing the statistics no longer loads."""

import os
import subprocess
import sys
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from scipy import stats

from harness_ext.stats import PairedCounts, mcnemar_exact, mcnemar_midp
from harness_ext.stats.tails import beta, chi2, fair_coin, norm, t

RNG = np.random.default_rng(0)
X, P = RNG.normal(0, 4, 5000), RNG.random(5000)
DF = RNG.integers(1, 400, 5000) + RNG.random(5000)
N = RNG.integers(1, 3000, 5000)
K = (N * RNG.random(5000)).astype(int)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        (norm.cdf(X), stats.norm.cdf(X)),
        (norm.sf(X), stats.norm.sf(X)),
        (norm.ppf(P), stats.norm.ppf(P)),
        (norm.isf(P), stats.norm.isf(P)),
        (t.sf(X, DF), stats.t.sf(X, DF)),
        (t.ppf(P, DF), stats.t.ppf(P, DF)),
        (t.isf(P, DF), stats.t.isf(P, DF)),
        (chi2.sf(np.abs(X), DF), stats.chi2.sf(np.abs(X), DF)),
        (beta.sf(P, K + 0.5, N - K + 0.5), stats.beta.sf(P, K + 0.5, N - K + 0.5)),
        (beta.ppf(P, K + 0.5, N - K + 0.5), stats.beta.ppf(P, K + 0.5, N - K + 0.5)),
        (beta.isf(P, K + 0.5, N - K + 0.5), stats.beta.isf(P, K + 0.5, N - K + 0.5)),
    ],
)
def test_they_are_scipys(own: object, theirs: object) -> None:
    np.testing.assert_allclose(own, theirs, rtol=1e-14, atol=0)


def test_a_fair_coin_is_the_binomial_with_one_half() -> None:
    np.testing.assert_allclose(fair_coin.cdf(K, N), stats.binom.cdf(K, N, 0.5), rtol=1e-12, atol=0)
    assert fair_coin.cdf([-1, 0, 5, 9], [5, 0, 5, 5]).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("first", "second"), [(0, 1), (3, 9), (1039, 38), (601, 2050), (1500, 1499), (0, 1200)]
)
def test_p_values_of_mcnemar_are_exact_and_never_below_zero(first: int, second: int) -> None:
    n, fewer = first + second, min(first, second)
    below = sum(comb(n, k) for k in range(fewer))
    counts = PairedCounts(5, first, second, 5)
    assert mcnemar_midp(counts) >= 0
    assert mcnemar_midp(counts) == pytest.approx(
        float(Fraction(2 * below + comb(n, fewer), 2**n)), rel=1e-11, abs=1e-200
    )
    assert mcnemar_exact(counts) == pytest.approx(
        float(min(Fraction(1), Fraction(2 * below + 2 * comb(n, fewer), 2**n))), rel=1e-11, abs=1e-200
    )


def test_importing_the_statistics_does_not_import_scipy_stats() -> None:
    code = (
        "import sys, harness_ext.stats\nprint([name for name in ('scipy.stats', 'scipy.optimize',"
        " 'scipy.spatial') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert (
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env=environment,
        ).stdout
        == "[]\n"
    )
