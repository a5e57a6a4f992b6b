"""Effects of several model families taken together, as in a meta-analysis of few studies."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, check_level, vector
from harness_ext.stats.proportion import Interval
from harness_ext.stats.result import Result
from harness_ext.stats.tails import chi2, t

_FEW = 5


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """A random-effects summary over families.

    `result` holds the mean effect, its interval, p and the number of families. `tau2` is the variance of true
    effects between families (Paule–Mandel), `i2` the share of an effect's variance that it makes up, 0 to 1
    (Higgins & Thompson 2002, Stat Med 21:1539), `q` Cochran's Q with its chi-square `q_p`. `prediction` says
    where the true effect of a further family would lie; None below three families.
    """

    result: Result
    tau2: float
    i2: float
    q: float
    q_p: float | None
    prediction: Interval | None


def random_effects(
    effects: npt.ArrayLike, standard_errors: npt.ArrayLike, level: float = 0.95
) -> RandomEffects:
    """Combine one effect per family, each with its standard error, into a mean effect over families.

    τ² solves Q(τ²) = k − 1 (Paule & Mandel 1982, J Res Natl Bur Stand 87:377; recommended by Veroniki et al.
    2016, Res Synth Methods 7:55), 0 where Q is below k − 1 already. The interval is Hartung & Knapp's (2001,
    Stat Med 20:3875) on k − 1 degrees of freedom, its scale factor not below 1 (Röver, Knapp & Friede 2015,
    BMC Med Res Methodol 15:99): with Paule–Mandel the factor is 1 wherever τ² > 0, so that only intervals of
    too similar effects are widened. With few families that agree it covers more than *level*. The prediction
    interval is that of Higgins, Thompson & Spiegelhalter (2009, J R Stat Soc A 172:137) on k − 2 degrees of
    freedom. One family gives its own effect, without an interval across families. Raises ValueError for
    standard errors that are not positive: an effect without error has no finite weight.
    """
    y = vector("effects", effects)
    se = vector("standard_errors", standard_errors)
    check_level(level)
    if len(y) != len(se):
        raise ValueError(f"effects and standard_errors differ in length: {len(y)} and {len(se)}")
    if se.min() <= 0:
        raise ValueError(f"standard errors are positive, got {se.min():g}")
    k, v = len(y), se**2
    method = "random-effects-pm-hk"
    if k == 1:
        note = "one family: nothing is known of how families differ"
        return RandomEffects(
            Result(float(y[0]), None, None, 1, method, {"level": level}, note), 0.0, 0.0, 0.0, None, None
        )
    tau2 = _paule_mandel(y, v)
    weights = 1 / (v + tau2)
    mean = float(weights @ y / weights.sum())
    error = float(np.sqrt(max(1.0, _q(y, v, tau2) / (k - 1)) / weights.sum()))
    half = float(t.ppf((1 + level) / 2, k - 1)) * error
    note = f"only {k} families: the variance between them is hardly known" if k < _FEW else ""
    p = 2 * float(t.sf(abs(mean) / error, k - 1))
    result = Result(mean, Interval(mean - half, mean + half, level), p, k, method, {"tau2": tau2}, note)
    q = _q(y, v, 0.0)
    fixed = 1 / v
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    prediction = None
    if k > 2:
        reach = float(t.ppf((1 + level) / 2, k - 2)) * float(np.sqrt(tau2 + error**2))
        prediction = Interval(mean - reach, mean + reach, level)
    return RandomEffects(
        result, tau2, float(tau2 / (tau2 + typical)), q, float(chi2.sf(q, k - 1)), prediction
    )


def sign_test(effects: npt.ArrayLike, level: float = 0.95) -> Result:
    """Test over families whether as many effects are positive as negative (Arbuthnott 1710; binomial,
    1/2), two-sided and exact.

    The estimate is the share of positive effects with its Clopper–Pearson interval; effects of 0 say nothing
    and are left out of `n`. With k families p cannot fall below 2^(1−k): five do not reach .05.
    """
    y = vector("effects", effects)
    check_level(level)
    positive, n = int((y > 0).sum()), int((y != 0).sum())
    if not n:
        return Result(
            float("nan"), None, 1.0, 0, "sign-test", {"positive": 0, "level": level}, "all effects are 0"
        )
    from scipy.stats import binomtest  # takes a while to import

    test = binomtest(positive, n)
    bounds = test.proportion_ci(level, method="exact")
    return Result(
        positive / n,
        Interval(float(bounds.low), float(bounds.high), level),
        float(test.pvalue),
        n,
        "sign-test",
        {"positive": positive},
    )


def _q(y: FloatArray, v: FloatArray, tau2: float) -> float:
    weights = 1 / (v + tau2)
    return float(weights @ (y - weights @ y / weights.sum()) ** 2)


def _paule_mandel(y: FloatArray, v: FloatArray) -> float:
    excess = len(y) - 1
    if _q(y, v, 0.0) <= excess:
        return 0.0
    # Q(τ²) falls, and is at most k − 1 where τ² is the sum of squares over k − 1.
    top = float(((y - y.mean()) ** 2).sum()) / excess
    from scipy.optimize import brentq  # takes a while to import

    return float(
        brentq(lambda tau2: _q(y, v, tau2) - excess, 0.0, top, xtol=1e-15 * top, rtol=1e-14, maxiter=500)
    )
