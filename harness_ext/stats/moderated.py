"""Variances drawn towards what many like them come to: empirical Bayes, as limma's moderated t
(Smyth 2004, Stat Appl Genet Mol Biol 3:3).

A variance has a prior, *s0² d0 / χ²(d0)*: its estimate on *d* degrees of freedom is then *s0²* times F on *d*
and *d0*, and weighs as much as the prior's *d0* degrees of freedom are to its own.
"""

from dataclasses import dataclass
from math import inf, isinf, log, sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import vector

_LEAST = 1e-3
"""The least ratio of a variance to what it is expected to be whose logarithm is taken; 0 has none."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a variance before its own estimate: `variance` on `df` degrees of freedom, 0 to
    infinity. `most` bounds the degrees of freedom of both together: those of all estimates that the prior was
    made of, since it can't be surer than they are.
    """

    df: float
    variance: float
    most: float = inf

    def posterior(self, variance: float, df: float) -> tuple[float, float]:
        """Return a variance estimated on *df* degrees of freedom, drawn towards the prior, and the degrees of
        freedom of both.
        """
        share = 1.0 if isinf(self.df) else self.df / (self.df + df)
        moderated = share * self.variance + (1 - share) * variance
        return moderated, max(df, min(self.df + df, self.most))


def fitted_prior(variances: npt.ArrayLike, df: npt.ArrayLike, caution: float = 0.0) -> tuple[float, float]:
    """Return the prior's degrees of freedom and variance (d0, s0²) from estimated *variances*, shape (k,), on
    *df* degrees of freedom each, by the moments of their logarithms (Smyth 2004, section 6.2).

    d0 is infinite, and s0² the mean, where they differ no more than their degrees of freedom let them. With
    *caution* c, the variance between logarithms is taken c standard errors above its estimate (those that it
    has where all are alike), so that d0 is smaller: of a few variances it is hardly known, and too large a d0
    is an error to the wrong side. Raises ValueError for fewer than three.
    """
    from scipy.special import digamma, polygamma  # takes a while to import

    found = vector("variances", variances, 3)
    found = np.maximum(found, _LEAST * found.mean())
    halves = np.broadcast_to(np.asarray(df, dtype=np.float64) / 2, found.shape)
    if not found.all():
        return inf, 0.0
    logs = np.log(found) - digamma(halves) + np.log(halves)
    within = polygamma(1, halves)
    error = sqrt(float((polygamma(3, halves) + 2 * within**2).mean()) / len(found))
    between = float(logs.var(ddof=1) - within.mean()) + caution * error
    if between <= 0:
        return inf, float(found.mean())
    half = trigamma_inverse(between)
    return 2 * half, float(np.exp(logs.mean() + digamma(half) - log(half)))


def trigamma_inverse(value: float) -> float:
    """Return the x above 0 whose trigamma is *value*, above 0, by Newton's method (Smyth 2004, appendix)."""
    from scipy.special import polygamma  # takes a while to import

    if not value > 0:
        raise ValueError(f"trigamma takes values above 0, got {value}")
    if value > 1e7:
        return 1 / sqrt(value)
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        here = float(polygamma(1, x))
        step = here * (1 - here / value) / float(polygamma(2, x))
        x += step
        if -step < 1e-12 * x:
            break
    return x
