"""A difference between two runs, whatever it was estimated from, and the verdict that it supports.

Counts of right answers, means of items, several seeds, several families: each gives an `Effect`,
and verdicts and claims ask nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from harness_ext.stats.arrays import FloatArray, flat, matrix, vector
from harness_ext.stats.crossed import crossed_mean
from harness_ext.stats.equivalence import p_above, tost_level
from harness_ext.stats.means import paired_t
from harness_ext.stats.moderated import Prior
from harness_ext.stats.paired import PairedCounts, interval_named, mcnemar_midp, paired_counts
from harness_ext.stats.pooled_seeds import SeedPool
from harness_ext.stats.proportion import Interval, between_0_and_1, quantile
from harness_ext.stats.random_effects import random_effects
from harness_ext.stats.result import Result
from harness_ext.stats.tails import norm

_ONE_ERROR = 2 * float(norm.cdf(1)) - 1
"""The level of an interval that reaches one standard error to each side."""


class Verdict(StrEnum):
    """The four things a comparison may say; a large p alone is never "equivalent"."""

    DIFFERENT = "different"
    EQUIVALENT = "equivalent"
    DIFFERENT_WITHIN_MARGIN = "different but within the margin"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference, first run minus second, and how sure it is.

    `p` is two-sided, of no difference. `at_level` gives the interval of a level, `above` the one-sided p of a
    difference of at most a bound; both None where the data cannot say how sure the difference is, for the
    reason in `note`. `error` is its standard error, None also where there is none that says all. `below` is
    the p of at least a bound, where that is not 1 less the p above.
    """

    estimate: float
    n: int
    p: float | None
    method: str
    at_level: Callable[[float], Interval | None] | None
    above: Callable[[float], float] | None
    error: float | None
    settings: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    below: Callable[[float], float] | None = None

    def result(self, level: float = 0.95) -> Result:
        """Return the difference with its interval and p."""
        interval = self.at_level(level) if self.at_level else None
        return Result(self.estimate, interval, self.p, self.n, self.method, self.settings, self.note)

    def p_above(self, bound: float) -> float:
        """Return the p of a difference of at most *bound* against a greater one; 1 where nothing can be
        said.
        """
        return self.above(bound) if self.above else 1.0

    def p_below(self, bound: float) -> float:
        """Return the p of a difference of at least *bound* against a smaller one;
        1 where nothing can be said.
        """
        if self.below:
            return self.below(bound)
        return 1 - self.above(bound) if self.above else 1.0

    def p_inside(self, margin: float) -> float:
        """Return the p of two one-sided tests that the difference lies inside ± *margin* (Schuirmann 1987, J
        Pharmacokinet Biopharm 15:657).
        """
        return max(self.p_above(-margin), self.p_below(margin))

    def p_outside(self, margin: float) -> float:
        """Return the p of a difference beyond ± *margin*, twice the smaller of the two one-sided ones."""
        return min(1.0, 2 * min(self.p_above(margin), self.p_below(-margin)))


def effect_of_counts(counts: PairedCounts) -> Effect:
    """Return the difference of two accuracies on the same items: McNemar's mid-p,
    Newcombe's interval and tests by its inversion.
    """
    newcombe = interval_named("newcombe")
    around = newcombe(counts, _ONE_ERROR)
    return Effect(
        estimate=counts.difference,
        n=counts.n,
        p=mcnemar_midp(counts),
        method="mcnemar-midp",
        at_level=lambda level: newcombe(counts, level),
        above=lambda bound: p_above(counts, bound),
        error=(around.high - around.low) / 2,
        settings={"b": counts.first, "c": counts.second, "interval": "newcombe10"},
    )


def effect_of_items(differences: npt.ArrayLike) -> Effect:
    """Return the mean of one difference per item, shape (items,): paired t.
    For outcomes that are shares of several samples.
    """
    return _shifted(vector("differences", differences), paired_t, {})


def effect_of_seeds(differences: npt.ArrayLike, prior: Prior | None = None) -> Effect:
    """Return the mean of differences, shape (seeds, items),
    both seeds and items being drawn from many: `crossed_mean`, with a *prior* of the seeds' mean square.
    """
    x = matrix("differences", differences)
    if flat(x.ravel()) and not x.any():  # all seeds agree on every item: the items alone say how sure that is
        return effect_of_counts(PairedCounts(x.shape[1], 0, 0, 0))
    settings = {} if prior is None else {"prior_df": prior.df, "prior_mean_square": prior.variance}
    return _shifted(x, lambda moved, level: crossed_mean(moved, level, prior), {"seeds": len(x), **settings})


def effect_of_runs(first: npt.ArrayLike, second: npt.ArrayLike, pool: SeedPool | None = None) -> Effect:
    """Return the difference of outcomes from 0 to 1, each of shape (seeds, items): of counts,
    of items or of seeds, whichever they are. A *pool* says how much seeds differ, beside their own spread.
    """
    one, two = matrix("first", first), matrix("second", second)
    if len(one) > 1:
        return effect_of_seeds(one - two, pool.prior(one, two) if pool else None)
    firsts, seconds = right(one[0]), right(two[0])
    return (
        effect_of_items(one[0] - two[0])
        if firsts is None or seconds is None
        else effect_of_counts(paired_counts(firsts, seconds))
    )


def effect_of_families(effects: npt.ArrayLike, errors: npt.ArrayLike) -> Effect:
    """Return the mean of one effect per family, shape (families,),
    families being drawn from many: `random_effects`.
    """
    y, se = vector("effects", effects), vector("errors", errors)
    return _shifted(y, lambda shifted, level: random_effects(shifted, se, level).result, {})


def effect_of_parts(parts: Sequence[Effect], share_items: bool = False) -> Effect:
    """Return the mean of effects that are all there is, such as those on several tasks, taken as normal.

    Errors of independent parts add in squares; those of parts that *share_items* add whole, as if wholly
    correlated, which is the most they can be.
    """
    if len(parts) == 1:
        return parts[0]
    estimate, n = sum(part.estimate for part in parts) / len(parts), sum(part.n for part in parts)
    errors = [part.error for part in parts if part.error]
    settings = {"parts": len(parts)}
    if len(errors) < len(parts):
        return Effect(
            estimate,
            n,
            None,
            "mean-of-parts",
            None,
            None,
            None,
            settings,
            next((part.note for part in parts if part.note), "no error is known"),
        )
    error = float(np.sum(errors) if share_items else np.sqrt(np.sum(np.square(errors)))) / len(parts)

    def at_level(level: float) -> Interval:
        half = quantile(level) * error
        return Interval(estimate - half, estimate + half, level)

    return Effect(
        estimate=estimate,
        n=n,
        p=2 * float(norm.sf(abs(estimate) / error)),
        method="mean-of-parts",
        at_level=at_level,
        above=lambda bound: float(norm.sf((estimate - bound) / error)),
        error=error,
        settings=settings,
    )


def _shifted(
    x: FloatArray, of: Callable[[FloatArray, float], Result], settings: Mapping[str, object]
) -> Effect:
    """Return the effect whose tests against a bound are those of the differences less the bound against 0."""
    found = of(x, _ONE_ERROR)
    if found.interval is None:
        return Effect(found.estimate, found.n, found.p, found.method, None, None, None, settings, found.note)

    def at_level(level: float) -> Interval | None:
        return of(x, level).interval

    def above(bound: float) -> float:
        moved = of(x - bound, 0.95)
        half = (moved.p if moved.p is not None else 1.0) / 2
        return half if moved.estimate > 0 else 1 - half

    error = (found.interval.high - found.interval.low) / 2
    return Effect(
        found.estimate, found.n, found.p, found.method, at_level, above, error, settings, found.note
    )


def decide(effect: Effect, p_adjusted: float, margin: float, alpha: float = 0.05) -> Verdict:
    """Return the verdict of a difference.

    *different* where *p_adjusted*, the effect's p adjusted for the tests made beside it, is at most *alpha*;
    *equivalent* where the interval of level 1 - 2 alpha lies inside ± *margin*, a difference between 0 and 1
    chosen before looking; both: different but within the margin.
    """
    between_0_and_1("a margin", margin)
    inner = effect.at_level(tost_level(alpha)) if effect.at_level else None
    within = inner is not None and -margin < inner.low and inner.high < margin
    different = p_adjusted <= alpha
    if different:
        return Verdict.DIFFERENT_WITHIN_MARGIN if within else Verdict.DIFFERENT
    return Verdict.EQUIVALENT if within else Verdict.INCONCLUSIVE


def right(values: npt.ArrayLike) -> npt.NDArray[np.bool_] | None:
    """Return outcomes of 0 and 1 as booleans; None where some are neither."""
    x = np.asarray(values, dtype=np.float64)
    return x == 1 if np.isin(x, (0.0, 1.0)).all() else None
