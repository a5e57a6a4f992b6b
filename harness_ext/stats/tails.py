"""Distribution functions from scipy.special: scipy.stats takes as long to import as a comparison takes.

Named as there: `cdf`, `sf` (1 - cdf), `ppf` (the quantile) and `isf` (the quantile of 1 - p).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Values = npt.ArrayLike


class _Normal:
    """The standard normal distribution."""

    def cdf(self, x: Values) -> Any:
        """Return P(X <= x)."""
        return special.ndtr(x)

    def sf(self, x: Values) -> Any:
        """Return P(X > x)."""
        return special.ndtr(-np.asarray(x))

    def ppf(self, p: Values) -> Any:
        """Return the quantile of *p*."""
        return special.ndtri(p)

    def isf(self, p: Values) -> Any:
        """Return the quantile of 1 - *p*."""
        return -special.ndtri(p)


class _T:
    """Student's t with *df* degrees of freedom."""

    def sf(self, x: Values, df: Values) -> Any:
        """Return P(X > x)."""
        return special.stdtr(df, -np.asarray(x))

    def ppf(self, p: Values, df: Values) -> Any:
        """Return the quantile of *p*."""
        return special.stdtrit(df, p)

    def isf(self, p: Values, df: Values) -> Any:
        """Return the quantile of 1 - *p*."""
        return -special.stdtrit(df, p)


class _ChiSquared:
    """The chi-squared distribution with *df* degrees of freedom."""

    def sf(self, x: Values, df: Values) -> Any:
        """Return P(X > x)."""
        return special.chdtrc(df, x)


class _Beta:
    """The beta distribution with parameters *a* and *b*."""

    def sf(self, x: Values, a: Values, b: Values) -> Any:
        """Return P(X > x)."""
        return special.betaincc(a, b, x)

    def ppf(self, p: Values, a: Values, b: Values) -> Any:
        """Return the quantile of *p*."""
        return special.betaincinv(a, b, p)

    def isf(self, p: Values, a: Values, b: Values) -> Any:
        """Return the quantile of 1 - *p*."""
        return special.betainccinv(a, b, p)


class _FairCoin:
    """The number of heads in *n* throws of a fair coin: binomial with probability 1/2."""

    def cdf(self, k: Values, n: Values) -> Any:
        """Return P(X <= k) for whole numbers of any size; 0 below 0, 1 from *n* on."""
        k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
        inside = special.betainc(np.maximum(n - k, 1), np.maximum(k, 0) + 1, 0.5)
        return np.where(k < 0, 0.0, np.where(k >= n, 1.0, inside))


norm, t, chi2, beta, fair_coin = _Normal(), _T(), _ChiSquared(), _Beta(), _FairCoin()
